//! Tests of the extractor: valid and corrupted selectors by type, exact offsets, pages, windows.
