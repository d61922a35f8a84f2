use super::*;

const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
