//! Stories of two parties, by name.

mod calls;
mod elsewhere;
mod ingress;
mod logins;
mod races;
mod reach;
mod referrals;
mod registrations;
mod seeds;
mod sessions;
mod timers;

proptest::proptest! {
    #[test]
    fn arbitrary_scripts_leave_nothing_behind(
        data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        crate::fuzz::fuzz_stack(&data);
        crate::fuzz::fuzz_credentials(&data);
        crate::fuzz::fuzz_challenges(&data);
    }
}
