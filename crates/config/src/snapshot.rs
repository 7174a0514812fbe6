//! The configuration as everybody reads it: immutable, shared, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use sidetone_routing::Table;

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
use crate::objects::parking::ParkingLots;
use crate::objects::registration::Registration;
use crate::objects::rtp::Rtp;
use crate::objects::stun_monitor::StunMonitor;
use crate::objects::transport::Transport;
use crate::prints::Prints;

/// What a reload is about: everything, or what one module reads. Nothing else takes effect then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a>(Option<&'a str>);

impl<'a> Scope<'a> {
    /// The scope of `module reload`, with a name or without.
    #[must_use]
    pub fn of(module: Option<&'a str>) -> Self {
        Self(module)
    }

    fn reads(self, modules: &[&str]) -> bool {
        self.0.is_none_or(|module| modules.contains(&module))
    }

    /// All files.
    #[must_use]
    pub fn is_all(self) -> bool {
        self.0.is_none()
    }

    /// `pjsip.conf`, and the access lists that it names.
    #[must_use]
    pub fn sip(self) -> bool {
        let is_sip = |module: &str| module == "chan_pjsip" || module.starts_with("res_pjsip");
        self.reads(&["pjsip", "acl"]) || self.0.is_some_and(is_sip)
    }

    /// `http.conf`. Access lists are written out in whatever names them.
    #[must_use]
    pub fn http(self) -> bool {
        self.reads(&["http", "res_http_websocket", "acl"])
    }

    /// `rtp.conf`
    #[must_use]
    pub fn rtp(self) -> bool {
        self.reads(&["rtp", "res_rtp_asterisk", "acl"])
    }

    /// `logger.conf`
    #[must_use]
    pub fn logger(self) -> bool {
        self.reads(&["logger"])
    }

    /// `extensions.conf` and `extensions.lua`, and `res_parking.conf`, which has extensions too.
    #[must_use]
    pub fn dialplan(self) -> bool {
        self.reads(&["pbx_config", "pbx_lua", "res_parking"])
    }

    fn codecs(self) -> bool {
        self.0.is_none_or(|module| module.starts_with("codec_"))
    }

    fn features(self) -> bool {
        self.reads(&["features"])
    }

    fn music(self) -> bool {
        self.reads(&["res_musiconhold"])
    }

    /// `routes.conf`
    #[must_use]
    pub fn routes(self) -> bool {
        self.reads(&["routes"])
    }

    fn stun_monitor(self) -> bool {
        self.reads(&["res_stun_monitor"])
    }
}

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
    /// routes.conf.
    pub routes: Arc<Table>,
    /// logger.conf.
    pub logger: Arc<Logger>,
    /// musiconhold.conf.
    pub music: Arc<Music>,
    /// res_parking.conf.
    pub parking: Arc<ParkingLots>,
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
    /// This configuration with what a reload is about as it is in `newer`.
    #[must_use]
    pub fn renewed(&self, newer: &Self, scope: Scope<'_>) -> Self {
        let mut mixed = if scope.sip() { newer.clone() } else { self.clone() };
        let parts = |is_new: bool| if is_new { newer } else { self };
        mixed.http = parts(scope.http()).http.clone();
        mixed.rtp = parts(scope.rtp()).rtp.clone();
        mixed.logger = parts(scope.logger()).logger.clone();
        mixed.codecs = parts(scope.codecs()).codecs.clone();
        mixed.features = parts(scope.features()).features.clone();
        mixed.music = parts(scope.music()).music.clone();
        mixed.parking = parts(scope.dialplan()).parking.clone();
        mixed.routes = parts(scope.routes()).routes.clone();
        mixed.stun_monitor = parts(scope.stun_monitor()).stun_monitor.clone();
        mixed.asterisk = parts(scope.is_all()).asterisk.clone();
        mixed.modules = parts(scope.is_all()).modules.clone();
        mixed
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
