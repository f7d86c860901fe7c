//! What must not be learnt is a rule.
