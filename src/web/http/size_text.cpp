#include "web/http/size_text.hpp"

namespace samoyed::web {

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1024;
  if (bytes == 0 || bytes % kib != 0) return std::to_string(bytes) + " bytes";
  if (bytes % (kib * kib) != 0) return std::to_string(bytes / kib) + " KiB";
  return std::to_string(bytes / (kib * kib)) + " MiB";
}

}  // namespace samoyed::web
