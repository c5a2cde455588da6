export { MyComponent };
