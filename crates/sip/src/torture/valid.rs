//! RFC 4475 §3.1.1: messages that look wrong and are right.

use bytes::Bytes;

use super::{request, response, wire};
use crate::headers::{Contact, RecordRoute, Route, TypedHeader as _, Via};
use crate::uri::unescape;
use crate::{Method, Name, Text, Uri};

#[test]
fn section_3_1_1_1_wsinv_a_short_tortuous_invite() {
    let (request, essentials) = request(&wire(
        "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\n\
         TO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n\
         from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\n\
         MaX-fOrWaRdS: 0068\n\
         Call-ID: wsinv.ndaksdj@192.0.2.1\n\
         Content-Length   : 150\n\
         cseq: 0009\n  INVITE\n\
         Via  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skdjuw\n\
         s :\n\
         NewFangledHeader:   newfangled value\n continued newfangled value\n\
         UnknownHeaderWithUnusualValue: ;;,,;;,;\n\
         Content-Type: application/sdp\n\
         Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n\
         v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n \
         SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\n\
         m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      newvalue ;\n  \
         secondparam ; q = 0.33\n\
         \n\
         v=0\no=mhandley 29739 7272939 IN IP4 192.0.2.3\ns=-\nc=IN IP4 192.0.2.4\n\
         t=0 0\nm=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n",
    ));
    assert_eq!(essentials.to.tag().unwrap(), "1918181833n");
    assert_eq!(essentials.from.display_name().unwrap(), "J Rosenberg \\\"");
    assert_eq!(essentials.from.tag().unwrap(), "98asjd8");
    assert_eq!(essentials.max_forwards, Some(68));
    assert_eq!(essentials.cseq.number, 9);
    let vias = request.headers.typed_all::<Via>().unwrap();
    assert_eq!(vias.len(), 3);
    assert_eq!(vias[0].branch().unwrap(), "390skdjuw");
    assert_eq!(vias[1].transport, "TCP");
    assert_eq!(vias[2].branch().unwrap(), "z9hG4bK30239");
    let folded = request.headers.value("NewFangledHeader").unwrap();
    assert_eq!(*folded, "newfangled value continued newfangled value");
    assert_eq!(*request.headers.value("unknownheaderwithunusualvalue").unwrap(), ";;,,;;,;");
    assert_eq!(*request.headers.value(Name::Subject).unwrap(), "");
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    assert_eq!(contact.q_thousandths(), Some(330));
    let route = request.headers.typed::<Route>().unwrap().unwrap();
    assert!(route.uri.as_sip().unwrap().is_loose_router());
    assert_eq!(request.body.len(), 150);
}

#[test]
fn section_3_1_1_2_intmeth_wide_range_of_valid_characters() {
    let mut text = Vec::new();
    text.extend_from_slice(
        b"!interesting-Method0123456789_*+`.%indeed'~ \
          sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*\
          :&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n\
          Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n\
          To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7F\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$\
          /crazy?,/;;*@example.com>\r\n\
          From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>\
          ;fromParam''~+*_!.-%=\"",
    );
    text.extend_from_slice("работающий".as_bytes());
    text.extend_from_slice(
        b"\";tag=_token~1'+`*%!-.\r\n\
          Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n\
          CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n\
          Max-Forwards: 255\r\n\
          extensionHeader-!.%*+_`'~:",
    );
    text.extend_from_slice("\u{feff}大停電\r\n".as_bytes());
    text.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    let (request, essentials) = request(&Bytes::from(text));
    assert_eq!(request.method.as_bytes(), b"!interesting-Method0123456789_*+`.%indeed'~");
    let uri = request.uri.as_sip().unwrap();
    assert_eq!(*uri.user.as_ref().unwrap(), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert!(uri.password.is_some() && uri.headers.is_none());
    assert_eq!(essentials.to.display_name().unwrap().as_bytes(), b"BEL:\x07 NUL:\x00 DEL:\x7f");
    assert_eq!(essentials.from.tag().unwrap(), "_token~1'+`*%!-.");
    assert_eq!(essentials.max_forwards, Some(255));
    let extension = request.headers.value("extensionHeader-!.%*+_`'~").unwrap();
    assert_eq!(*extension, "\u{feff}大停電");
}

#[test]
fn section_3_1_1_3_esc01_valid_use_of_the_percent_escape() {
    let (request, essentials) = request(&wire(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\n\
         To: sip:%75se%72@example.com\n\
         From: <sip:I%20have%20spaces@example.net>;tag=938\n\
         Max-Forwards: 87\n\
         i: esc01.239409asdfakjkn23onasd0-3234\n\
         CSeq: 234234 INVITE\n\
         Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\n\
         C: application/sdp\n\
         Contact:\n  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\n\
         Content-Length: 0\n\n",
    ));
    assert_eq!(request.uri.user().unwrap(), "sips:user@example.com");
    assert_eq!(essentials.to.uri.user().unwrap(), "user");
    assert!(essentials.to.uri.equivalent(&"sip:user@example.com".parse::<Uri>().unwrap()));
    assert_eq!(essentials.from.uri.user().unwrap(), "I have spaces");
    let contact = request.headers.typed::<Contact>().unwrap().unwrap();
    let uri = contact.uri().unwrap().as_sip().unwrap();
    // The escaped name is `lr`, and the escaped value is undone once, not twice.
    let value = uri.params.value("n%61me").unwrap();
    assert_eq!(unescape(value), "value%41");
}

#[test]
fn section_3_1_1_4_escnull_escaped_nulls_in_uris() {
    let (request, essentials) = request(&wire(
        "REGISTER sip:example.com SIP/2.0\n\
         To: sip:null-%00-null@example.com\n\
         From: sip:null-%00-null@example.com;tag=839923423\n\
         Max-Forwards: 70\n\
         Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\n\
         CSeq: 14398234 REGISTER\n\
         Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\n\
         Contact: <sip:%00@host5.example.com>\n\
         Contact: <sip:%00%00@host5.example.com>\n\
         L:0\n\n",
    ));
    assert_eq!(essentials.to.uri.user().unwrap().as_bytes(), b"null-\0-null");
    let contacts = request.headers.typed_all::<Contact>().unwrap();
    assert_eq!(contacts.len(), 2);
    assert!(!contacts[0].uri().unwrap().equivalent(contacts[1].uri().unwrap()));
}

#[test]
fn section_3_1_1_5_esc02_percent_that_is_no_escape() {
    let (request, _) = request(&wire(
        "RE%47IST%45R sip:registrar.example.com SIP/2.0\n\
         To: \"%Z%45\" <sip:resource@example.com>\n\
         From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\n\
         Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\n\
         Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\n\
         CSeq: 29344 RE%47IST%45R\n\
         Max-Forwards: 70\n\
         Contact: <sip:alias1@host1.example.com>\n\
         C%6Fntact: <sip:alias2@host2.example.com>\n\
         Contact: <sip:alias3@host3.example.com>\n\
         l: 0\n\n",
    ));
    assert!(matches!(request.method, Method::Extension(_)), "it is not REGISTER");
    assert_eq!(request.headers.lines(Name::Contact).count(), 2);
    assert!(request.headers.has("C%6Fntact"));
}

#[test]
fn section_3_1_1_6_lwsdisp_no_blank_before_the_bracket() {
    let (_, essentials) = request(&wire(
        "OPTIONS sip:user@example.com SIP/2.0\n\
         To: sip:user@example.com\n\
         From: caller<sip:caller@example.com>;tag=323\n\
         Max-Forwards: 70\n\
         Call-ID: lwsdisp.1234abcd@funky.example.com\n\
         CSeq: 60 OPTIONS\n\
         Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw\n\
         l: 0\n\n",
    ));
    assert_eq!(essentials.from.display_name().unwrap(), "caller");
}

#[test]
fn section_3_1_1_7_longreq_long_values() {
    let long = "longvalue".repeat(20);
    let vias: String = (1..34)
        .map(|n| format!("Via: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{long}\n"))
        .collect();
    let (request, essentials) = request(&wire(&format!(
        "INVITE sip:user@example.com SIP/2.0\n\
         To: \"I have a user name of {long}\"<sip:user@example.com:6000;unknownparam1=very{long};\
         longparam{long}=shortvalue;very{long}ParameterNameWithNoValue>\n\
         F: sip:{long}@example.net;tag=12{long}424;unknownheaderparamname{long}=unknowheader\
         param{long};unknownValueless{long}\n\
         Call-ID: longreq.one{long}longcallid\n\
         CSeq: 3882340 INVITE\n\
         Unknown-{long}: unknown-{long}-value;param=1\n\
         {vias}Max-Forwards: 70\n\
         Contact: <sip:amazinglylongcallername{long}@host5.example.net>\n\
         Content-Type: application/sdp\n\
         l: 5\n\nv=0\n"
    )));
    assert_eq!(request.headers.typed_all::<Via>().unwrap().len(), 33);
    assert!(essentials.from.tag().unwrap().len() > 180);
}

#[test]
fn section_3_1_1_8_dblreq_octets_after_the_message() {
    let (request, _) = request(&wire(
        "REGISTER sip:example.com SIP/2.0\n\
         To: sip:j.user@example.com\n\
         From: sip:j.user@example.com;tag=43251j3j324\n\
         Max-Forwards: 8\n\
         I: dblreq.0ha0isndaksdj99sdfafnl3lk233412\n\
         Contact: sip:j.user@host.example.com\n\
         CSeq: 8 REGISTER\n\
         Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492\n\
         Content-Length: 0\n\n\n\
         INVITE sip:joe@example.com SIP/2.0\nt: sip:joe@example.com\n",
    ));
    assert_eq!(request.method, Method::Register);
    assert!(request.body.is_empty());
}

#[test]
fn section_3_1_1_9_semiuri_semicolons_in_the_user_part() {
    let (request, _) = request(&wire(
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\n\
         To: sip:j_user@example.com\n\
         From: sip:caller@example.org;tag=33242\n\
         Max-Forwards: 3\n\
         Call-ID: semiuri.0ha0isndaksdj\n\
         CSeq: 8 OPTIONS\n\
         Accept: application/sdp, application/pkcs7-mime,\n        multipart/mixed,\n        \
         message/sip, message/sipfrag\n\
         Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\n\
         l: 0\n\n",
    ));
    let uri = request.uri.as_sip().unwrap();
    assert_eq!(uri.user_decoded().unwrap(), "user;par=u@example.net");
    assert!(uri.params.is_empty());
    assert_eq!(request.headers.items(Name::Accept).count(), 5);
}

#[test]
fn section_3_1_1_10_transports_varied_and_unknown() {
    let (request, _) = request(&wire(
        "OPTIONS sip:user@example.com SIP/2.0\n\
         To: sip:user@example.com\n\
         From: <sip:caller@example.com>;tag=323\n\
         Max-Forwards: 70\n\
         Call-ID:  transports.kijh4akdnaqjkwendsasfdj\n\
         Accept: application/sdp\n\
         CSeq: 60 OPTIONS\n\
         Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\n\
         Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\n\
         Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\n\
         Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\n\
         Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\n\
         l: 0\n\n",
    ));
    let vias = request.headers.typed_all::<Via>().unwrap();
    assert_eq!(vias[3].transport, "UNKNOWN");
}

#[test]
fn section_3_1_1_11_mpart01_multipart_mime_with_binary_parts() {
    let body = b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n\
                 --7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\
                 \x30\x82\x01\x52\x06\x09\x00\xff\r\n\r\n--7a9cbec02ceef655--\r\n";
    let mut bytes = format!(
        "MESSAGE sip:kumiko@example.org SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5070;\
         branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport\r\n\
         Max-Forwards: 70\r\nRoute: <sip:127.0.0.1:5080>\r\n\
         Identity: r5mwreLuyDRYBi/0TiPwEsY3rEVsk/G2WxhgTV1PF7hHuL==\r\n\
         Contact: <sip:fluffy@127.0.0.1:5070>\r\nTo: <sip:kumiko@example.org>\r\n\
         From: <sip:fluffy@example.com>;tag=2fb0dcc9\r\nCall-ID: 3d9485ad0c49859b@Zmx1ZmZ5\r\n\
         CSeq: 1 MESSAGE\r\nContent-Transfer-Encoding: binary\r\n\
         Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    let (request, _) = request(&Bytes::from(bytes));
    assert_eq!(&request.body[..], &body[..]);
    let content = request.headers.typed::<crate::headers::ContentType>().unwrap().unwrap();
    assert!(content.is("multipart/mixed"));
    assert_eq!(*content.params.value("boundary").unwrap(), "7a9cbec02ceef655");
}

#[test]
fn section_3_1_1_12_unreason_an_unusual_reason_phrase() {
    let response = response(&wire(
        "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое\n\
         Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\n\
         Call-ID: unreason.1234ksdfak3j2erwedfsASdf\n\
         CSeq: 35 INVITE\n\
         From: sip:user@example.com;tag=11141343\n\
         To: sip:user@example.edu;tag=2229\n\
         Content-Length: 0\n\
         Contact: <sip:user@host198.example.com>\n\n",
    ));
    assert!(response.reason.to_str().starts_with("= 2**3 * 5**2 но сто"));
}

#[test]
fn section_3_1_1_13_noreason_an_empty_reason_phrase() {
    let response = response(&wire(
        "SIP/2.0 100 \n\
         Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\n\
         Call-ID: noreason.asndj203insdf99223ndf\n\
         CSeq: 35 INVITE\n\
         From: <sip:user@example.com>;tag=39ansfi3\n\
         To: <sip:user@example.edu>;tag=902jndnke3\n\
         Content-Length: 0\n\
         Contact: <sip:user@host105.example.com>\n\n",
    ));
    assert!(response.reason.is_empty());
}

#[test]
fn section_3_4_1_inv2543_an_invite_of_the_old_rfc() {
    let (request, essentials) = request(&wire(
        "INVITE sip:UserB@example.com SIP/2.0\n\
         Via: SIP/2.0/UDP iftgw.example.com\n\
         From: <sip:+13035551111@ift.client.example.net;user=phone>\n\
         Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\n\
         To: sip:+16505552222@ss1.example.net;user=phone\n\
         Call-ID: inv2543.1717@ift.client.example.com\n\
         CSeq: 56 INVITE\n\
         Content-Type: application/sdp\n\n\
         v=0\no=mhandley 29739 7272939 IN IP4 192.0.2.5\ns=-\n",
    ));
    assert!(essentials.from.tag().is_none() && essentials.max_forwards.is_none());
    assert!(!essentials.via.is_branch_unique());
    // Without <> the parameter belongs to the header.
    assert_eq!(essentials.to.params.value("user"), Some(&Text::from("phone")));
    let route = request.headers.typed::<RecordRoute>().unwrap().unwrap();
    assert!(!route.uri.as_sip().unwrap().is_loose_router());
    assert!(route.to_text().as_bytes().ends_with(b"maddr=ss1.example.com>"));
    assert!(request.body.starts_with(b"v=0"), "the body goes to the end of the datagram");
}
