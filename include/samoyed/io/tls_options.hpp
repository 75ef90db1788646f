#pragma once

#include <memory>

#include "samoyed/io/tls_context.hpp"

namespace CLI {
class App;
}

namespace samoyed::io {

/// Adds `--worker-tls-ca`, `--worker-tls-cert` and `--worker-tls-key`, of which all or none must be
/// given. `peer` is who is at the other end, for example `the workers`.
void add_tls_options(CLI::App& app, TlsFiles& files, const std::string& peer);

/// Reads the files that the options name. Returns null if they name none. Throws
/// CLI::ValidationError. Call it when all options are parsed.
std::shared_ptr<TlsContext> load_tls(const TlsFiles& files, TlsRole role);

}  // namespace samoyed::io
