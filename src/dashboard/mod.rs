//! The pages people work in: rendered here, made live by a few modules of script.
