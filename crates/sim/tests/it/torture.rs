//! The torture messages of RFC 4475, each to the whole exchange, from somebody who needs no
//! password. What the exchange makes of their details is tested in `sip`.

use sidetone_sim::{Configuration, Stranger, Weather, World, secs};

use super::tell;

macro_rules! message {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../sip/testdata/rfc4475/", $name, ".dat")).as_slice())
    };
}

/// What must come back.
#[derive(Clone, Copy)]
enum Due {
    /// Nothing, ever.
    Silence,
    /// A final response with this status and this text in it.
    Status(u16, &'static str),
}
use Due::{Silence, Status};

/// The RFC's sections in order. 486 is what the dialplan of this story says to every call it
/// gets, 200 what the registrar says, 404 what OPTIONS says of an extension that is not there.
const MESSAGES: [(&str, &[u8], Due); 49] = [
    // It has a tag in To, and its dialog is unknown.
    with(message!("wsinv"), Status(481, "")),
    with(message!("intmeth"), Status(501, "Allow: ")),
    with(message!("esc01"), Status(486, "")),
    // Nobody can have an address of record with a NUL in it.
    with(message!("escnull"), Status(404, "")),
    with(message!("esc02"), Status(501, "CSeq: 29344 RE%47IST%45R")),
    with(message!("lwsdisp"), Status(200, "")),
    with(message!("longreq"), Status(486, "sip1.example.com")),
    with(message!("dblreq"), Status(200, "Contact: <sip:j.user@")),
    with(message!("semiuri"), Status(200, "")),
    with(message!("transports"), Status(200, "SIP/2.0/UNKNOWN t4.example.com")),
    // A body of several parts is no text.
    with(message!("mpart01"), Status(415, "Accept: text/plain")),
    with(message!("unreason"), Silence),
    with(message!("noreason"), Silence),
    with(message!("badinv01"), Status(400, "")),
    with(message!("clerr"), Status(400, "Content-Length")),
    with(message!("ncl"), Status(400, "Content-Length")),
    with(message!("scalar02"), Status(400, "CSeq: 36893488147419103232 REGISTER")),
    with(message!("scalarlg"), Silence),
    with(message!("quotbal"), Status(400, "To: ")),
    with(message!("ltgtruri"), Status(400, "Request-URI")),
    with(message!("lwsruri"), Status(400, "Request-URI")),
    with(message!("lwsstart"), Status(486, "")),
    with(message!("trws"), Status(200, "")),
    with(message!("escruri"), Status(400, "Request-URI")),
    with(message!("baddate"), Status(486, "")),
    with(message!("regbadct"), Status(400, "Contact")),
    with(message!("badaspec"), Status(200, "")),
    with(message!("baddn"), Status(200, "")),
    with(message!("badvers"), Status(505, "SIP/7.0/UDP c.example.com")),
    with(message!("mismatch01"), Status(400, "CSeq")),
    with(message!("mismatch02"), Status(400, "CSeq")),
    with(message!("bigcode"), Silence),
    with(message!("badbranch"), Status(200, "")),
    with(message!("insuf"), Status(400, "is missing")),
    with(message!("unkscm"), Status(416, "")),
    with(message!("novelsc"), Status(416, "")),
    with(message!("unksm2"), Status(400, "address of record")),
    with(message!("bext01"), Status(420, "nothingSupportsThis, nothingSupportsThisEither")),
    with(message!("invut"), Status(415, "Accept: application/sdp")),
    // The registrar asks this one for a password and does not know the scheme.
    with(message!("regaut01"), Status(401, "WWW-Authenticate: Digest ")),
    with(message!("multi01"), Status(400, "more than once")),
    with(message!("mcl01"), Status(400, "Content-Length")),
    with(message!("bcast"), Silence),
    with(message!("zeromf"), Status(200, "")),
    with(message!("cparam01"), Status(200, "Contact: <sip:+19725552222@gw1.example.net>;")),
    with(
        message!("cparam02"),
        Status(200, "Contact: <sip:+19725552222@gw1.example.net;unknownpar"),
    ),
    with(message!("regescrt"), Status(200, "Contact: <sip:user@example.com?Route=%3Csip:sip.exam")),
    with(message!("sdp01"), Status(406, "")),
    with(message!("inv2543"), Status(486, "")),
];

const fn with(
    message: (&'static str, &'static [u8]),
    due: Due,
) -> (&'static str, &'static [u8], Due) {
    (message.0, message.1, due)
}

/// The first stranger of a world may do everything without a password; the second needs one.
fn configuration() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.pjsip += "
[trusted]
type = endpoint
context = torture
disallow = all
allow = ulaw
aors = user,watson,j.user

[trusted]
type = identify
endpoint = trusted
match = 198.51.100.1

[user](devices)
[watson](devices)
[j.user](devices)
";
    configuration.extensions += "
[torture]
exten => _[!-~].,1,Hangup(17)
exten => _[!-~],1,Hangup(17)
";
    configuration
}

async fn answer(stranger: &mut Stranger, bytes: &'static [u8]) -> Vec<String> {
    stranger.say(bytes).await;
    // Nobody acknowledges a refused INVITE: it is repeated for 32 seconds.
    let heard = stranger.hear(secs(40)).await;
    heard.into_iter().filter(|text| !text.starts_with("SIP/2.0 100 ")).collect()
}

#[test]
fn every_torture_message_gets_what_rfc_4475_says() {
    tell(1, Weather::CLEAR, &configuration(), async |world: World| {
        let mut trusted = world.stranger().await;
        let mut unknown = world.stranger().await;
        let mut wrong = Vec::new();
        for (name, bytes, due) in MESSAGES {
            let asked = if name == "regaut01" { &mut unknown } else { &mut trusted };
            let heard = answer(asked, bytes).await;
            let first = heard.first().map_or("", String::as_str);
            let right = match due {
                Silence => heard.is_empty(),
                Status(status, words) => {
                    first.starts_with(&format!("SIP/2.0 {status} ")) && first.contains(words)
                }
            };
            if !right {
                wrong.push(format!("{name}: {first}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        world.assert_no_leaks().await;
    });
}
