//! What the dialplan does, told as small dialplans.

mod expanding;
mod loading;
mod matching;
mod properties;
mod running;
mod showing;
mod times;
