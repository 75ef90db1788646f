#pragma once

#include <string>

namespace samoyed::dispatcher::postgres {

/// Throws std::runtime_error, with one line that says what to do, if the URL can't be used: it
/// isn't one of PostgreSQL's, or it holds a password, which other users of the machine could read.
void check_store_url(const std::string& url);

}  // namespace samoyed::dispatcher::postgres
