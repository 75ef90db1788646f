#pragma once

#include <memory>
#include <string>

#include "samoyed/protocol/image_formats.hpp"
#include "worker/app/options.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/sandbox/decoder_processes.hpp"

namespace samoyed::worker {

/// Decodes each image in the process where its format belongs: in this one, or in a decoder process
/// if the format is isolated.
///
/// Construct it before the process has threads or a sandbox. Thread rule: `decode` may be called
/// from any thread, and from several at once.
class Decoding {
 public:
  /// Starts decoder processes, one for each recognition thread, if any format is isolated. Throws
  /// std::runtime_error if they can't be started.
  explicit Decoding(const Options& options);

  /// As decode_image.
  DecodeResult decode(std::span<const std::byte> file, const DecodeLimits& limits,
                      const DecodeOptions& options, std::vector<std::uint8_t> memory) const;

  /// The isolated formats, as a list such as `PNG, BMP`; empty if there is none.
  std::string isolated_formats() const;

 private:
  protocol::ImageFormatSet isolated_;
  std::unique_ptr<DecoderProcesses> processes_;
};

}  // namespace samoyed::worker
