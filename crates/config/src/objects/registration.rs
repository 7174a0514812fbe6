//! `type = registration`: we register with another server, mostly a trunk's (RFC 3261 §10.2).

use crate::fields::{Fields, Settings};

/// A registration with another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The section's name.
    pub id: String,
    /// Where to register: the Request-URI.
    pub server_uri: String,
    /// Who registers: From and To.
    pub client_uri: String,
    /// User part of the Contact.
    pub contact_user: String,
    /// Parameters of the Contact header, without the first semicolon.
    pub contact_header_params: String,
    /// Seconds asked for.
    pub expiration_s: u32,
    /// Seconds between attempts after failures that may pass.
    pub retry_interval_s: u32,
    /// Seconds after 403; 0 gives up.
    pub forbidden_retry_interval_s: u32,
    /// Seconds after other refusals that stand; 0 gives up.
    pub fatal_retry_interval_s: u32,
    /// Failures in a row before it gives up.
    pub max_retries: u32,
    /// Seconds over which first attempts are spread.
    pub max_random_initial_delay_s: u32,
    /// A refused password is refused for good.
    pub auth_rejection_permanent: bool,
    /// Names of the auths that challenges are answered with.
    pub outbound_auth: Vec<String>,
    /// URIs of proxies on the way, in order.
    pub outbound_proxy: Vec<String>,
    /// Name of the transport it goes by.
    pub transport: Option<String>,
    /// Whose calls are those that carry the line; set with `line`, and only then.
    pub line_endpoint: Option<String>,
    /// Offer RFC 3327.
    pub support_path: bool,
    /// Offer RFC 5626.
    pub support_outbound: bool,
    /// User-Agent of the REGISTER; empty for that of `global`.
    pub user_agent: String,
    /// What was set, for `show` commands.
    pub settings: Settings,
}

impl Registration {
    pub(crate) fn build(fields: &mut Fields<'_>) -> Self {
        let bare = |uri: &str| uri.trim().trim_matches(['<', '>']).to_owned();
        let mut uri = |name: &str, example: &str| {
            let found = fields.sip_uri(name);
            if found.is_none() {
                let message = format!("a registration needs {name}");
                fields.error(name, message, format!("add {name} = {example}"));
            }
            bare(&found.unwrap_or_default())
        };
        let server_uri = uri("server_uri", "sip:sip.example.com");
        let client_uri = uri("client_uri", "sip:user@sip.example.com");
        let outbound_proxy = fields.list("outbound_proxy");
        for proxy in &outbound_proxy {
            fields.check_uri("outbound_proxy", proxy);
        }
        let outbound_proxy = outbound_proxy.iter().map(|proxy| bare(proxy)).collect();
        let params = fields.string("contact_header_params");
        Self {
            id: fields.id(),
            server_uri,
            client_uri,
            contact_user: fields.string("contact_user"),
            contact_header_params: params.trim().trim_start_matches(';').to_owned(),
            expiration_s: fields.number("expiration"),
            retry_interval_s: fields.number("retry_interval"),
            forbidden_retry_interval_s: fields.number("forbidden_retry_interval"),
            fatal_retry_interval_s: fields.number("fatal_retry_interval"),
            max_retries: fields.number("max_retries"),
            max_random_initial_delay_s: fields.number("max_random_initial_delay"),
            auth_rejection_permanent: fields.flag("auth_rejection_permanent"),
            outbound_auth: fields.last_list("outbound_auth"),
            outbound_proxy,
            transport: fields.text("transport"),
            line_endpoint: line(fields),
            support_path: fields.flag("support_path"),
            support_outbound: fields.flag("support_outbound"),
            user_agent: fields.string("user_agent"),
            settings: fields.settings(),
        }
    }
}

/// The endpoint of `line`: neither says anything without the other.
fn line(fields: &mut Fields<'_>) -> Option<String> {
    let (line, endpoint) = (fields.flag("line"), fields.text("endpoint"));
    match (line, &endpoint) {
        (true, None) => {
            let message = "line = yes marks calls, and no endpoint says whose they are".to_owned();
            fields.error("line", message, "add endpoint = name");
        }
        (false, Some(name)) => {
            let message = format!("endpoint = {name} has no effect without line = yes");
            fields.warn("endpoint", message, "add line = yes, or identify the calls otherwise");
        }
        _ => {}
    }
    endpoint.filter(|_| line)
}
