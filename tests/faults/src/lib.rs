//! A scripted server that misbehaves on purpose.
