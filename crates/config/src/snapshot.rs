//! The configuration as everybody reads it: immutable, shared, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use crate::acl::{Acl, AclSet};
use crate::mentions::Mentions;
use crate::modules::Modules;
use crate::objects::aor::Aor;
use crate::objects::asterisk::Asterisk;
use crate::objects::auth::Auth;
use crate::objects::codecs_conf::CodecsConf;
use crate::objects::contact::Contact;
use crate::objects::endpoint::Endpoint;
use crate::objects::features::Features;
use crate::objects::global::{Global, System};
use crate::objects::http::Http;
use crate::objects::identify::Identify;
use crate::objects::logger::Logger;
use crate::objects::music::Music;
use crate::objects::registration::Registration;
use crate::objects::rtp::Rtp;
use crate::objects::stun_monitor::StunMonitor;
use crate::objects::transport::Transport;
use crate::prints::Prints;

/// One state of the configuration. Objects that a reload did not touch are shared with the
/// snapshot before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Transports by name.
    pub transports: HashMap<String, Arc<Transport>>,
    /// Endpoints by name.
    pub endpoints: HashMap<String, Arc<Endpoint>>,
    /// Contact objects by name; their addresses are also among those of their aors.
    pub contacts: HashMap<String, Arc<Contact>>,
    /// Aors by name.
    pub aors: HashMap<String, Arc<Aor>>,
    /// Auths by name.
    pub auths: HashMap<String, Arc<Auth>>,
    /// Identify objects by name.
    pub identifies: HashMap<String, Arc<Identify>>,
    /// Registrations with other servers by name.
    pub registrations: HashMap<String, Arc<Registration>>,
    /// Named access lists of acl.conf.
    pub acls: HashMap<String, Arc<Acl>>,
    /// Who may send SIP at all (`type = acl` of pjsip.conf).
    pub sip_acl: AclSet,
    /// Which addresses may be registered (the same).
    pub contact_acl: AclSet,
    /// `type = global`.
    pub global: Arc<Global>,
    /// `type = system`.
    pub system: Arc<System>,
    /// http.conf.
    pub http: Arc<Http>,
    /// rtp.conf.
    pub rtp: Arc<Rtp>,
    /// codecs.conf.
    pub codecs: Arc<CodecsConf>,
    /// features.conf.
    pub features: Arc<Features>,
    /// res_stun_monitor.conf.
    pub stun_monitor: Arc<StunMonitor>,
    /// logger.conf.
    pub logger: Arc<Logger>,
    /// musiconhold.conf.
    pub music: Arc<Music>,
    /// asterisk.conf.
    pub asterisk: Arc<Asterisk>,
    /// modules.conf.
    pub modules: Arc<Modules>,
    /// What the objects were built from.
    pub(crate) prints: Prints,
    /// What endpoints name of other files.
    pub(crate) mentions: Mentions,
}

impl Config {
    /// This configuration with what a module reads as it is in `newer`: nothing else takes effect
    /// when that module alone is reloaded. Names are those of `module reload`.
    #[must_use]
    pub fn with_module_of(&self, newer: &Self, module: &str) -> Self {
        let mut mixed = self.clone();
        match module {
            "http" | "res_http_websocket" => mixed.http = newer.http.clone(),
            "logger" => mixed.logger = newer.logger.clone(),
            "features" => mixed.features = newer.features.clone(),
            "rtp" | "res_rtp_asterisk" => mixed.rtp = newer.rtp.clone(),
            "res_musiconhold" => mixed.music = newer.music.clone(),
            "res_stun_monitor" => mixed.stun_monitor = newer.stun_monitor.clone(),
            // Lists are written out in whatever names them.
            "acl" => {
                mixed.take_sip_of(newer);
                (mixed.http, mixed.rtp) = (newer.http.clone(), newer.rtp.clone());
            }
            _ if module.starts_with("codec_") => mixed.codecs = newer.codecs.clone(),
            _ if ["pjsip", "chan_pjsip"].contains(&module) || module.starts_with("res_pjsip") => {
                mixed.take_sip_of(newer);
            }
            // Others read no file of their own.
            _ => {}
        }
        mixed
    }

    /// All of pjsip.conf, and the access lists that it names.
    fn take_sip_of(&mut self, newer: &Self) {
        let Self {
            http,
            rtp,
            codecs,
            features,
            stun_monitor,
            logger,
            music,
            asterisk,
            modules,
            ..
        } = self.clone();
        *self = Self {
            http,
            rtp,
            codecs,
            features,
            stun_monitor,
            logger,
            music,
            asterisk,
            modules,
            ..newer.clone()
        };
    }

    /// The aors of an endpoint, in order.
    pub fn aors_of(&self, endpoint: &Endpoint) -> impl Iterator<Item = &Arc<Aor>> {
        endpoint.aors.iter().filter_map(|name| self.aors.get(name))
    }

    /// The auths by which an endpoint proves who it is, in order.
    pub fn auths_of(&self, endpoint: &Endpoint) -> impl Iterator<Item = &Arc<Auth>> {
        endpoint.auth.iter().filter_map(|name| self.auths.get(name))
    }

    /// The auths for an endpoint's challenges, in order.
    pub fn outbound_auths_of(&self, endpoint: &Endpoint) -> impl Iterator<Item = &Arc<Auth>> {
        endpoint.outbound_auth.iter().filter_map(|name| self.auths.get(name))
    }

    /// The realm of an auth: its own or the global default.
    pub fn realm_of<'a>(&'a self, auth: &'a Auth) -> &'a str {
        if auth.realm.is_empty() { &self.global.default_realm } else { &auth.realm }
    }

    /// Transports in the order of their names, for lists and for opening listeners.
    pub fn transports_sorted(&self) -> Vec<&Arc<Transport>> {
        sorted(&self.transports)
    }

    /// Endpoints in the order of their names.
    pub fn endpoints_sorted(&self) -> Vec<&Arc<Endpoint>> {
        sorted(&self.endpoints)
    }

    /// Identify objects in the order of their names: the order in which they are tried.
    pub fn identifies_sorted(&self) -> Vec<&Arc<Identify>> {
        sorted(&self.identifies)
    }
}

/// The objects of a map in the order of their names.
pub fn sorted<T>(objects: &HashMap<String, Arc<T>>) -> Vec<&Arc<T>> {
    let mut found: Vec<_> = objects.iter().collect();
    found.sort_unstable_by_key(|(name, _)| *name);
    found.into_iter().map(|(_, object)| object).collect()
}
