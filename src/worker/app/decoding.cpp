#include "worker/app/decoding.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

namespace samoyed::worker {
namespace {

std::filesystem::path decoder_program(const Options& options) {
  if (!options.decoder.empty()) return options.decoder;
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename("samoyed-decoder");
}

}  // namespace

Decoding::Decoding(const Options& options) : isolated_(options.isolate) {
  for (std::size_t i = 0; i < isolated_.size(); ++i) {
    if (is_isolated(protocol::image_formats[i])) isolated_.set(i);
  }
  isolated_ &= options.decode.formats;
  if (isolated_.none()) return;
  // A decoder stops by itself at its budget, if its library lets it.
  constexpr std::chrono::milliseconds grace{100};
  IsolationLimits limits;
  limits.cpu_max = options.decode.cpu_max + grace;
  limits.time_max = std::max(limits.time_max, 4 * limits.cpu_max);
  limits.image_bytes_max = options.server.image_bytes_max;
  processes_ = std::make_unique<DecoderProcesses>(decoder_program(options), options.queue.threads,
                                                  options.decode, limits);
}

DecodeResult Decoding::decode(std::span<const std::byte> file, const DecodeLimits& limits,
                              const DecodeOptions& options,
                              std::vector<std::uint8_t> memory) const {
  const auto* const format = protocol::find_image_format(
      std::string_view(reinterpret_cast<const char*>(file.data()), file.size()));
  if (format != nullptr && protocol::contains(isolated_, *format)) {
    return processes_->decode(file, limits, options, std::move(memory));
  }
  return decode_image(file, limits, options, std::move(memory));
}

std::string Decoding::isolated_formats() const {
  std::string names;
  for (std::size_t i = 0; i < isolated_.size(); ++i) {
    if (isolated_[i])
      names += (names.empty() ? "" : ", ") + std::string(protocol::image_formats[i].name);
  }
  return names;
}

}  // namespace samoyed::worker
