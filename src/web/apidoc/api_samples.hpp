#pragma once

#include <string>

#include "web/apidoc/api_call.hpp"

namespace samoyed::web {

// Programs that make a call and show its answer. Each needs nothing but its language, and the image
// file `example_file` if the call sends one.

/// A command line for a POSIX shell.
std::string curl_sample(const ApiCall& call);
/// A program for Python 3 and its standard library.
std::string python_sample(const ApiCall& call);
/// A module for Node.js 20 or later.
std::string javascript_sample(const ApiCall& call);

}  // namespace samoyed::web
