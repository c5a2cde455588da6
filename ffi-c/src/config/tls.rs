//! Options of what lies between this program and the server: TLS and proxies.

use std::ffi::c_char;

use steadywire::{Proxy, TlsVersion};

use super::{set, steadywire_config, unknown};
use crate::status::steadywire_status;
use crate::text::{optional, text};

/// A version of TLS. Unknown values will appear in later versions.
pub type steadywire_tls_version = i32;
/// TLS 1.2.
pub const STEADYWIRE_TLS_1_2: steadywire_tls_version = 12;
/// TLS 1.3.
pub const STEADYWIRE_TLS_1_3: steadywire_tls_version = 13;

/// Trusts these authorities too, beside those of the system: certificates in PEM, one or more; NULL for none, the
/// default. Where the system has none, those of Mozilla that are part of this library are used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_tls_ca(
    config: *mut steadywire_config,
    pem: *const c_char,
    pem_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        config.tls.ca = unsafe { optional(pem, pem_length, "pem") }?.map(str::to_owned);
        Ok(())
    })
}

/// Shows this certificate to a server that asks for one; NULL twice for none, the default.
///
/// @param cert in PEM, with those between it and its authority behind it
/// @param key its private key in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted; it appears in no log and no error
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_tls_client_cert(
    config: *mut steadywire_config,
    cert: *const c_char,
    cert_length: usize,
    key: *const c_char,
    key_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        let (cert, key) = unsafe { (optional(cert, cert_length, "cert")?, optional(key, key_length, "key")?) };
        config.tls.client_cert = cert.map(str::to_owned);
        config.tls.client_key = key.map(str::to_owned);
        Ok(())
    })
}

/// Sets the oldest version of TLS to speak. Default STEADYWIRE_TLS_1_2.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_tls_min_version(
    config: *mut steadywire_config,
    version: steadywire_tls_version,
) -> steadywire_status {
    set(config, |config| {
        config.tls.min_version = match version {
            STEADYWIRE_TLS_1_2 => TlsVersion::Tls12,
            STEADYWIRE_TLS_1_3 => TlsVersion::Tls13,
            other => return Err(unknown("version", other)),
        };
        Ok(())
    })
}

/// Sets the name that the server's certificate must have, and that the server is asked for, instead of the URL's host;
/// NULL, the default, for the URL's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_tls_server_name(
    config: *mut steadywire_config,
    name: *const c_char,
    name_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        config.tls.server_name = unsafe { optional(name, name_length, "name") }?.map(str::to_owned);
        Ok(())
    })
}

/// Takes every certificate: anybody on the way can read and change everything. For tests. Default false.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_tls_dangerously_accept_any_certificate(
    config: *mut steadywire_config,
    accept: bool,
) -> steadywire_status {
    set(config, |config| {
        config.tls.dangerously_accept_any_certificate = accept;
        Ok(())
    })
}

/// Sets the proxy on the way, for every server: http://, https:// or socks5://, with user:password@ where it wants
/// that; NULL for none, whatever the environment says. Host names are resolved by the proxy.
///
/// The default is what the environment says when the client is made, in capitals or small letters: HTTPS_PROXY,
/// HTTP_PROXY, ALL_PROXY and NO_PROXY, and never for this machine itself. See
/// steadywire_config_set_proxy_from_environment().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_proxy(
    config: *mut steadywire_config,
    url: *const c_char,
    url_length: usize,
) -> steadywire_status {
    set(config, |config| {
        config.proxy = if url.is_null() {
            Proxy::Direct
        } else {
            // SAFETY: passed on.
            Proxy::Url(unsafe { text(url, url_length, "url") }?.to_owned())
        };
        Ok(())
    })
}

/// Uses the proxy that the environment names when the client is made; the default.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_proxy_from_environment(config: *mut steadywire_config) -> steadywire_status {
    set(config, |config| {
        config.proxy = Proxy::Environment;
        Ok(())
    })
}
