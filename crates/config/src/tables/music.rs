//! Options of `musiconhold.conf`.

use super::NOT_YET;
use crate::objects::music::{Mode, Order};
use crate::table::Kind::{Choice, List, Number, Text, YesNo};
use crate::table::Usage::{Ignored, Works};
use crate::table::{ObjectSpec, Usage, options};

const NO_PROGRAM: Usage = Ignored("music comes from files, never from a program");
const DECODED: Usage = Ignored("files are decoded to what each call needs");

/// `[general]` of `musiconhold.conf`.
pub const MUSIC: ObjectSpec = ObjectSpec {
    file: "musiconhold.conf",
    name: "general",
    usage: Works,
    aliases: &[],
    options: options! {
        "cachertclasses" YesNo, "no", Ignored("classes do not come from a database yet"),
            "Keep classes that came from a database.";
        "preferchannelclass" YesNo, "yes", Works,
            "The class of the channel goes before the one that the other side suggests.";
    },
};

/// A class of `musiconhold.conf`.
pub const MUSIC_CLASS: ObjectSpec = ObjectSpec {
    file: "musiconhold.conf",
    name: "class",
    usage: Works,
    aliases: &[],
    options: options! {
        "announcement" Text, "", Works, "A prompt played before each piece.";
        "answeredonly" YesNo, "no", NOT_YET, "Play to answered calls only.";
        "application" Text, "", NO_PROGRAM, "The program that plays.";
        "digit" Text, "", NOT_YET, "The key that chooses this class in MusicOnHold.";
        "directory" Text, "", Works,
            "Where the pieces lie, relative to astdatadir; empty for the built-in music.";
        "entry" List, "", Works, "The pieces of mode playlist, absolute and without ending.";
        "format" Text, "", DECODED, "The format that the program writes.";
        "kill_escalation_delay" Number { min: 0, max: 10_000 }, "500", NO_PROGRAM,
            "Milliseconds between the signals that end the program.";
        "kill_method" Text, "process_group", NO_PROGRAM, "Whom the signals reach.";
        "loop_last" YesNo, "no", NOT_YET, "Repeat only the last piece.";
        "mode" Choice(Mode::NAMES), "files", Works,
            "files plays a directory, playlist the entries; the others name programs and get the \
             built-in music.";
        "random" YesNo, "no", Works, "Older spelling of sort=random.";
        "sort" Choice(Order::NAMES), "alpha", Works,
            "Order of the pieces: alpha, random, or randstart (alpha from a random piece).";
    },
};
