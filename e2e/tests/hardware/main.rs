//! Cameras and card readers behind the kernel's own drivers. They need a machine that has them:
//! `make test-hardware` makes one.

#![cfg(target_os = "linux")]

mod keyboard;
mod plugged;
mod rig;
mod usb;
mod vivid;
