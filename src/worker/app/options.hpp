#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "samoyed/io/log_format.hpp"
#include "samoyed/io/tls_context.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "worker/announce/announce_options.hpp"
#include "worker/image/image.hpp"
#include "worker/model/model_card.hpp"
#include "worker/network/precision.hpp"
#include "worker/serving/serving_limits.hpp"

namespace samoyed::worker {

/// The command line of samoyed-worker.
struct Options {
  std::string address;
  std::uint16_t port = 0;
  /// A path, or the word `null` for the NullRecognizer.
  std::string model_file = "models/squeezenet1_1.pth";
  /// Overrides the JSON file next to the model. If neither sets labels, the built-in ones apply:
  /// torchvision's ImageNet categories.
  ModelCard model_card;
  Precision precision = Precision::fp32;
  bool apply_exif_orientation = true;
  bool fast_decode = false;
  bool accept_truncated = false;
  QueueLimits queue;
  ServerLimits server;
  DecodeLimits decode;
  std::chrono::milliseconds drain_time{3000};
  std::chrono::milliseconds drain_timeout{10000};
  std::string metrics_address = "127.0.0.1";
  /// `std::nullopt` if no metrics are served.
  std::optional<std::uint16_t> metrics_port;
  /// Whether the worker confines itself before it serves.
  bool sandbox = true;
  /// Whether a system call that the sandbox refuses ends the worker.
  bool sandbox_kill = false;
  /// Formats that are decoded in processes of their own in addition to those that always are.
  protocol::ImageFormatSet isolate;
  /// The decoder program; empty for samoyed-decoder beside this program.
  std::filesystem::path decoder;
  AnnounceOptions announce;
  io::TlsFiles tls_files;
  /// What `tls_files` hold. Null for plain text.
  std::shared_ptr<io::TlsContext> tls;
  io::LogFormat log_format = io::LogFormat::text;
};

/// Parses the command line. Returns `std::nullopt` if the program must exit at once with
/// `exit_status`: after --help, after --version, or after an error, which is printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::worker
