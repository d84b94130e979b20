//! The words people search with: `field:value`, `-field:value`, quotes and free text.
