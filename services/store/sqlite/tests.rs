//! What the module promises, case by case.
