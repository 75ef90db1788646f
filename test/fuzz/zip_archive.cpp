// The container of a model file: any bytes give an answer.

#include "worker/model/zip_archive.hpp"

#include "fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  const auto damage = samoyed::worker::find_zip_damage(as_bytes(data, size));
  static_cast<void>(samoyed::worker::is_torchscript(as_bytes(data, size)));
  if (damage) check(!damage->empty(), "damage has a description");
  return 0;
}
