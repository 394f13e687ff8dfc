//! An HTTP request as the test server receives it.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use percent_encoding::percent_decode_str;

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With the query, if any.
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Request {
    /// Reads one request. `None` if the client closes the connection before the request is complete.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(None);
            }
        }
        let mut words = head.lines().next().unwrap_or_default().split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let headers: HashMap<_, _> =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        match reader.read_exact(&mut body) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok(Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }))
    }

    /// The value of a header; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The token of the request: the bearer, or the refresh token of a form as it stands there.
    pub fn token(&self) -> Option<&str> {
        match self.header("authorization") {
            Some(_) => self.bearer(),
            None => self.form_field("refresh_token"),
        }
    }

    /// A field of a form body, still percent-encoded.
    pub fn form_field(&self, name: &str) -> Option<&str> {
        let fields = self.body.split('&').filter_map(|field| field.split_once('='));
        fields.into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// A field of a form body, decoded. `None` if it is missing or empty.
    pub fn decoded_form_field(&self, name: &str) -> Option<String> {
        let value = self.form_field(name).filter(|value| !value.is_empty())?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }
}
