#include "worker/network/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <span>
#include <stdexcept>
#include <utility>

#include <torch/csrc/jit/serialization/pickle.h>

#include "worker/model/file_bytes.hpp"
#include "worker/model/zip_archive.hpp"

namespace samoyed::worker {
namespace {

constexpr std::string_view archive_expected = "a plain dict of tensors in torch's zip format";
/// The first bytes of every non-empty zip archive.
constexpr std::string_view zip_magic = "PK\x03\x04";
/// The first pickle of torch's older format: protocol 2, then the 10-byte number
/// 0x1950a86a20f9469cfc6c (`MAGIC_NUMBER` in torch/serialization.py).
constexpr std::string_view legacy_magic =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

[[noreturn]] void fail(const std::string& name, const std::string& fault) {
  throw std::runtime_error(name + ": " + fault);
}

[[noreturn]] void fail_convertible(const std::string& name, const std::string& fault) {
  fail(name, fault + ", which LibTorch's pickle_load can't read; expected " +
                 std::string(archive_expected) + ": run scripts/convert-model IN OUT");
}

/// Rejects files for which pickle_load would read out of bounds, return wrong data, or report an
/// error of many lines.
void check_container(const std::vector<char>& bytes, const std::string& name) {
  const std::string_view text(bytes.data(), bytes.size());
  if (text.size() > model_file_bytes_max) {
    fail(name, "larger than " + std::to_string(model_file_bytes_max >> 20U) +
                   " MiB and not a TorchScript archive; expected " + std::string(archive_expected));
  }
  if (text.empty()) fail(name, "the file is empty; expected " + std::string(archive_expected));
  if (text.starts_with(legacy_magic))
    fail_convertible(name, "written in torch's older format, without zip");
  if (!text.starts_with(zip_magic)) {
    fail(name, "not a torch model file; expected " + std::string(archive_expected));
  }
  if (const auto damage = find_zip_damage(std::as_bytes(std::span(bytes)))) {
    fail(name, "damaged: " + *damage + "; expected " + std::string(archive_expected) +
                   "; fetch or convert the file again");
  }
}

c10::IValue unpickle(const std::vector<char>& bytes, const std::string& name) {
  try {
    return torch::jit::pickle_load(bytes);
  } catch (const std::exception&) {
    // LibTorch's message is many lines about its internals ("Expected GenericDict but got None").
    fail_convertible(name, "contains an OrderedDict or other Python objects");
  }
}

/// Returns true if the tensor's shape and strides stay inside its storage. pickle_load doesn't
/// check what the pickle says.
bool lies_in_storage(const at::Tensor& tensor) {
  // A double, because products of such sizes may overflow an integer. Rounding doesn't matter here.
  auto last = static_cast<double>(tensor.storage_offset());
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis) {
    if (tensor.size(axis) < 1 || tensor.stride(axis) < 0) return false;
    last += static_cast<double>(tensor.size(axis) - 1) * static_cast<double>(tensor.stride(axis));
  }
  return last >= 0 && (last + 1) * sizeof(float) <= static_cast<double>(tensor.storage().nbytes());
}

ModelTensor read_tensor(const at::Tensor& tensor, const std::string& label) {
  if (!tensor.defined() || tensor.layout() != at::kStrided || tensor.scalar_type() != at::kFloat) {
    throw std::runtime_error(label + " is not a dense float32 tensor");
  }
  if (!lies_in_storage(tensor)) throw std::runtime_error(label + " is larger than its data");
  // With strides of 0 a tensor may have more elements than its storage.
  if (tensor.numel() > static_cast<std::int64_t>(model_file_bytes_max / sizeof(float))) {
    throw std::runtime_error(label + " is too large");
  }
  const at::Tensor dense = tensor.contiguous();
  const std::span<const float> values(dense.data_ptr<float>(),
                                      static_cast<std::size_t>(dense.numel()));
  if (!std::all_of(values.begin(), values.end(),
                   [](float value) { return std::isfinite(value); })) {
    throw std::runtime_error(label + " contains values that are not finite");
  }
  return {dense.sizes().vec(), {values.begin(), values.end()}};
}

}  // namespace

ModelFile parse_model_file(const std::vector<char>& bytes, std::string name) {
  check_container(bytes, name);
  const c10::IValue value = unpickle(bytes, name);
  if (!value.isGenericDict()) {
    fail(name, "doesn't contain a dict; expected " + std::string(archive_expected));
  }

  ModelFile file;
  for (const auto& entry : value.toGenericDict()) {
    if (!entry.key().isString() || !entry.value().isTensor()) {
      fail(name, "contains more than named tensors; expected " + std::string(archive_expected));
    }
    const std::string tensor_name = entry.key().toStringRef();
    if (tensor_name == untrained_marker) {
      file.trained = false;
      continue;
    }
    try {
      file.tensors[tensor_name] = read_tensor(entry.value().toTensor(), tensor_name);
    } catch (const std::runtime_error& error) {
      fail(name, std::string(error.what()) + "; expected finite float32 weights");
    }
  }
  file.name = std::move(name);
  return file;
}

ModelFile load_model_file(const std::filesystem::path& path) {
  return parse_model_file(read_whole_file(path, model_file_bytes_max,
                                          "a model file (scripts/fetch-model provides one)"),
                          path.string());
}

}  // namespace samoyed::worker
