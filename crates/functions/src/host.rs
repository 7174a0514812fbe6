//! What functions ask of the channel.

use sidetone_base::Random;
use sidetone_store::AstDb;

use super::{Hashes, Outcome};

/// The channel, as seen by a function. Everything is answered at once.
pub trait FunctionHost: Send {
    /// A channel variable, a predefined one or a global one, in this order.
    fn variable(&self, name: &str) -> Option<String>;

    /// Sets or removes (`None`) a channel variable.
    fn set_variable(&mut self, name: &str, value: Option<String>);

    /// A global variable.
    fn global(&self, name: &str) -> Option<String>;

    /// Sets or removes (`None`) a global variable.
    fn set_global(&mut self, name: &str, value: Option<String>);

    /// What is kept over restarts.
    fn database(&self) -> &AstDb;

    /// The hashes of this channel.
    fn hashes(&mut self) -> &mut Hashes;

    /// The wall clock in the system's time zone.
    fn now(&self) -> jiff::Zoned;

    /// The source of randomness.
    fn random(&mut self) -> &mut dyn Random;

    /// A variable of the process's environment.
    fn environment(&self, name: &str) -> Option<String>;

    /// The version when `item` is empty, or one of `ASTERISK_VERSION_NUM`, `BUILD_USER`,
    /// `BUILD_HOSTNAME`, `BUILD_MACHINE`, `BUILD_OS`, `BUILD_DATE`, `BUILD_KERNEL`; `None` if it
    /// is none of them.
    fn version(&self, item: &str) -> Option<String>;

    /// A function bound to the call that can be read at once (`CALLERID`, `CHANNEL`), for
    /// arguments such as `CUT(CALLERID(num),-,1)`. `None` when there is none of that name.
    fn channel_function(&mut self, name: &str, arguments: &str) -> Option<Outcome> {
        let _ = (name, arguments);
        None
    }
}
