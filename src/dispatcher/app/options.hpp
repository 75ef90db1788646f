#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/app/discovery_arguments.hpp"
#include "dispatcher/cli.hpp"
#include "dispatcher/storage/storage_options.hpp"
#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/log_format.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed/web/server_options.hpp"

namespace samoyed::dispatcher {

/// The command line of samoyed-dispatcher.
struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9999;
  std::vector<protocol::Address> workers;
  DiscoveryArguments discovery;
  WorkerTlsArguments worker_tls;
  /// If empty, the list is lost when the program ends.
  std::string state_file;
  /// The file that `web.access.admin_token` is from. May be empty.
  std::string admin_token_file;
  /// Its `may_connect` allows only `web.access.worker_networks`. Its `tls` and `plain_workers` are
  /// those of `worker_tls`.
  DispatchOptions dispatch;
  HealthOptions health;
  DefaultModel default_model{DefaultModel::Rule::first_trained, {}};
  web::ServerOptions web;
  StorageOptions storage;
  io::LogFormat log_format = io::LogFormat::text;
};

/// Returns std::nullopt if the program must end at once with `exit_status`: after --help or
/// --version, or after an error, which is printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::dispatcher
