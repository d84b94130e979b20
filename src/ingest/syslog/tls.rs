//! TLS for syslog (RFC 5425): our certificate, and whether senders need one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::ListenError;
use super::peers::LOG_INTERVAL;
use crate::config::SyslogSettings;
use crate::http::Seldom;

/// Longest a sender may take to agree on TLS.
pub(super) const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// The files, and what was read from them last.
#[derive(Debug)]
pub(super) struct Tls {
    files: Files,
    config: ArcSwap<ServerConfig>,
    read_at: Mutex<Vec<Option<SystemTime>>>,
    /// For log lines about failed handshakes.
    pub(super) failures: Mutex<Seldom>,
}

#[derive(Clone, Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl Tls {
    /// Reads the files the settings name; `None` when they name none.
    ///
    /// # Errors
    /// [`ListenError::Tls`] naming the setting and the file.
    pub(super) fn load(settings: &SyslogSettings) -> Result<Option<Self>, ListenError> {
        let (Some(cert), Some(key)) = (&settings.tls_cert.0, &settings.tls_key.0) else {
            return Ok(None);
        };
        let files = Files {
            cert: cert.clone(),
            key: key.clone(),
            client_ca: settings.tls_client_ca.0.clone(),
        };
        let read_at = Mutex::new(files.changed_at());
        let config = ArcSwap::from(files.config()?);
        Ok(Some(Self {
            files,
            config,
            read_at,
            failures: Mutex::new(Seldom::every(LOG_INTERVAL)),
        }))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// Reads the files again when one has changed: certificates are renewed while we run. With
    /// files that cannot be used, what was read before stays. Whether something is new.
    ///
    /// # Errors
    /// [`ListenError::Tls`], once for each change.
    pub(super) fn reload(&self) -> Result<bool, ListenError> {
        let changed_at = self.files.changed_at();
        let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        if *read_at == changed_at {
            return Ok(false);
        }
        *read_at = changed_at;
        self.config.store(self.files.config()?);
        Ok(true)
    }
}

impl Files {
    fn changed_at(&self) -> Vec<Option<SystemTime>> {
        let files = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        let time = |file: &PathBuf| std::fs::metadata(file).and_then(|it| it.modified()).ok();
        files.into_iter().map(|file| file.and_then(time)).collect()
    }

    fn config(&self) -> Result<Arc<ServerConfig>, ListenError> {
        let chain = certificates("SYSLOG_TLS_CERT", &self.cert)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| wrong("SYSLOG_TLS_KEY", &self.key, error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong("SYSLOG_TLS", &self.cert, error))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let of_file =
                    |error: &dyn std::fmt::Display| wrong("SYSLOG_TLS_CLIENT_CA", file, error);
                let mut roots = RootCertStore::empty();
                for certificate in certificates("SYSLOG_TLS_CLIENT_CA", file)? {
                    roots.add(certificate).map_err(|error| of_file(&error))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| of_file(&error))?)
            }
        };
        let config = builder.with_single_cert(chain, key);
        config
            .map(Arc::new)
            .map_err(|error| wrong("SYSLOG_TLS_CERT", &self.cert, error))
    }
}

fn certificates(
    setting: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, ListenError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| wrong(setting, file, error))?;
    if found.is_empty() {
        return Err(wrong(setting, file, "holds no certificate"));
    }
    Ok(found)
}

fn wrong(setting: &'static str, file: &Path, reason: impl std::fmt::Display) -> ListenError {
    ListenError::Tls {
        setting,
        file: file.to_owned(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Optional;

    fn write(folder: &Path) {
        let made = rcgen::generate_simple_self_signed(vec!["watchpost.test".to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn settings(folder: &Path) -> SyslogSettings {
        SyslogSettings {
            udp: Vec::new(),
            tcp: Vec::new(),
            tls: Vec::new(),
            tls_cert: Optional(Some(folder.join("cert.pem"))),
            tls_key: Optional(Some(folder.join("key.pem"))),
            tls_client_ca: Optional(None),
            networks: Vec::new(),
            time_zone: "UTC".parse().unwrap(),
        }
    }

    #[test]
    fn a_renewed_certificate_is_read_and_a_broken_one_leaves_the_old() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        let tls = Tls::load(&settings(folder.path())).unwrap().unwrap();
        let first = tls.config.load_full();
        assert!(!tls.reload().unwrap(), "nothing has changed");
        write(folder.path());
        assert!(tls.reload().unwrap());
        let second = tls.config.load_full();
        assert!(!Arc::ptr_eq(&first, &second));
        std::fs::write(folder.path().join("cert.pem"), "no certificate").unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert!(error.starts_with("SYSLOG_TLS_CERT: "), "{error}");
        assert!(Arc::ptr_eq(&second, &tls.config.load_full()));
        assert!(!tls.reload().unwrap(), "it is said once");
    }

    #[test]
    fn files_that_do_not_belong_together_are_named() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(folder.path());
        write(other.path());
        std::fs::copy(other.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
        let error = Tls::load(&settings(folder.path())).unwrap_err().to_string();
        assert!(error.starts_with("SYSLOG_TLS_CERT: "), "{error}");
        std::fs::write(folder.path().join("key.pem"), "").unwrap();
        let error = Tls::load(&settings(folder.path())).unwrap_err().to_string();
        assert!(error.starts_with("SYSLOG_TLS_KEY: "), "{error}");
    }
}
