//! `dialplan show`.

use crate::fuzz::MemoryHost;
use crate::show::{Nothing, Selection, show};

#[test]
fn columns_are_where_scripts_look_for_them() {
    let plan = MemoryHost::new(
        "[sets]\nexten => _5XXXX,1,Dial(PJSIP/opus${EXTEN:1},30)\nexten => WS_PHONE_A,1,Dial(X)\n\
         exten => 602,1,Answer()\n same => n(again),Playback(bench-440)\n same => n,Goto(again)\n\
         exten => 400,1,MessageSend(pjsip:${CHANNEL(endpoint)},<sip:400@a>)\n\
         exten => 101,hint,PJSIP/101\nexten => 101,1,Wait\nexten => 101/555,1,Wait\n\
         include => sets,9:00-17:00,*,*,*\nignorepat => 9\n",
    )
    .plan;
    let expected = "\
[ Context 'sets' created by 'pbx_config' ]
  '101' (CID match '555') => 1. Wait()                                     [extensions.conf:10]
  '101' =>          hint: PJSIP/101                               [extensions.conf:8]
                    1. Wait()                                     [extensions.conf:9]
  '400' =>          1. MessageSend(pjsip:${CHANNEL(endpoint)},<sip:400@a>) [extensions.conf:7]
  '602' =>          1. Answer()                                   [extensions.conf:4]
     [again]        2. Playback(bench-440)                        [extensions.conf:5]
                    3. Goto(again)                                [extensions.conf:6]
  'WS_PHONE_A' =>   1. Dial(X)                                    [extensions.conf:3]
  '_5XXXX' =>       1. Dial(PJSIP/opus${EXTEN:1},30)              [extensions.conf:2]
  Include =>        'sets,9:00-17:00,*,*,*'                       [pbx_config]
  Ignore pattern => '9'                                           [pbx_config]

-= 6 extensions (9 priorities) in 1 context. =-
";
    assert_eq!(show(&plan, &Selection::default()).as_deref(), Ok(expected));
}

#[test]
fn a_selection_shows_what_a_number_matches() {
    let plan = MemoryHost::new(
        "[a]\nexten => _1XX,1,X\nexten => 2,1,Y\ninclude => b\n[b]\nexten => 101,1,Z\n",
    )
    .plan;
    let text = show(&plan, &Selection::new("101@a")).expect("something");
    assert!(text.contains("'_1XX' =>") && !text.contains("'2' =>"), "{text}");
    assert!(text.contains("[ Included context 'b' created by 'pbx_config' ]"), "{text}");
    assert!(text.ends_with("-= 2 extensions (2 priorities) in 2 contexts. =-\n"), "{text}");
    assert_eq!(show(&plan, &Selection::new("c")), Err(Nothing::Context));
    assert_eq!(show(&plan, &Selection::new("9@a")), Err(Nothing::Extension));
    assert!(
        show(&plan, &Selection::new("b"))
            .is_ok_and(|text| text.contains("1 extension (1 priority) in 1 context"))
    );
}
