//! A TLS server's certificate, signed by itself: X.509 of the shortest kind, written out in DER.

use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
/// Context-specific 0 and 3 with something inside, and 2 with bare bytes.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;

/// 1.2.840.10045.4.3.2, ecdsa-with-SHA256.
const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// 1.2.840.10045.2.1, id-ecPublicKey.
const EC_PUBLIC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, prime256v1.
const P256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 2.5.4.3, id-at-commonName.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// 2.5.29.17, id-ce-subjectAltName.
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

/// A certificate and its key.
pub struct Certificate {
    der: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    /// For this name, good from an hour ago for that long.
    pub fn new(name: &str, lasts: TimeDelta) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key").as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &key, &random).expect("the same key");

        let begin = Utc::now() - TimeDelta::hours(1);
        let signed_with = der(SEQUENCE, &[der(OBJECT_ID, &[ECDSA_WITH_SHA256])]);
        let whose = der(
            SEQUENCE,
            &[der(SET, &[der(SEQUENCE, &[der(OBJECT_ID, &[&COMMON_NAME[..]]), der(UTF8_STRING, &[name])])])],
        );
        let curve = der(SEQUENCE, &[der(OBJECT_ID, &[&EC_PUBLIC_KEY[..]]), der(OBJECT_ID, &[&P256[..]])]);
        let names = der(SEQUENCE, &[der(DNS_NAME, &[name])]);
        let extension =
            der(SEQUENCE, &[der(OBJECT_ID, &[&SUBJECT_ALT_NAME[..]]), der(OCTET_STRING, &[names])]);
        let content = der(
            SEQUENCE,
            &[
                der(VERSION, &[der(INTEGER, &[[2]])]),
                der(INTEGER, &[[1]]),
                signed_with.clone(),
                whose.clone(),
                der(SEQUENCE, &[time(begin), time(begin + lasts)]),
                whose,
                der(SEQUENCE, &[curve, bits(pair.public_key().as_ref())]),
                der(EXTENSIONS, &[der(SEQUENCE, &[extension])]),
            ],
        );
        let signature = pair.sign(&random, &content).expect("signed");
        let der = der(SEQUENCE, &[content, signed_with, bits(signature.as_ref())]);
        Self { der, key }
    }

    /// What `SSL_CERT_FILE` names.
    pub fn pem(&self) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(&self.der))
    }

    /// A server that shows it.
    pub fn server(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider's own")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(self.der.clone())], key);
        Arc::new(config.expect("the key fits"))
    }
}

/// Tag, length, content.
fn der(tag: u8, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let length = u16::try_from(length).expect("a short one").to_be_bytes();
    let mut out = vec![tag];
    match length {
        [0, short @ ..0x80] => out.push(short),
        [0, byte] => out.extend([0x81, byte]),
        [high, low] => out.extend([0x82, high, low]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part.as_ref()));
    out
}

/// Whole bytes: no bit of the last one is unused.
fn bits(content: &[u8]) -> Vec<u8> {
    der(BIT_STRING, &[&[0], content])
}

fn time(at: DateTime<Utc>) -> Vec<u8> {
    der(UTC_TIME, &[at.format("%y%m%d%H%M%SZ").to_string()])
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let number =
            (0..3).fold(0_usize, |number, at| number << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        let digit = move |at: usize| char::from(DIGITS[number >> (18 - 6 * at) & 63]);
        (0..4).map(move |at| if at <= chunk.len() { digit(at) } else { '=' })
    });
    digits.collect()
}
