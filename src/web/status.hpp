#pragma once

#include <string_view>

#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::web {

/// The HTTP status of what became of an image: 200, 413, 415, 422, 502 or 503.
int status_of(const dispatcher::Outcome& outcome);

/// A few words in large letters for a page of that status, which is no success.
std::string_view heading_of(int status);

}  // namespace samoyed::web
