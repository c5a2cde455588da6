mod lines;
mod progress;
