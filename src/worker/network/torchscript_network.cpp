#include "worker/network/torchscript_network.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "worker/model/zip_archive.hpp"
#include "worker/network/one_thread.hpp"

namespace samoyed::worker {
namespace {

constexpr std::string_view network_expected =
    "expected a classifier that takes 1x3xHEIGHTxWIDTH and returns 1xCLASSES";

/// Discards the network's warnings on this thread: they are meant for the network's author, and
/// torchvision's googlenet gives one in every run. LibTorch has one warning handler per thread.
void silence_warnings() {
  struct Unheard final : c10::WarningHandler {
    void process(const c10::SourceLocation& /*place*/, const std::string& /*text*/,
                 const bool /*verbatim*/) override {}
  };
  static Unheard unheard;
  c10::Warning::set_warning_handler(&unheard);
}

/// Returns the line that says what went wrong. LibTorch's messages have many lines.
std::string reason_of(const std::exception& error) {
  const auto* const of_torch = dynamic_cast<const c10::Error*>(&error);
  std::istringstream lines(of_torch ? of_torch->what_without_backtrace() : error.what());
  std::string first;
  std::string last_error;
  for (std::string line; std::getline(lines, line);) {
    if (first.empty()) first = line;
    // The line begins with `RuntimeError: ...`, or with `torch.jit.Error: ...` if the model raised
    // the error.
    const std::string_view word = std::string_view(line).substr(0, line.find(": "));
    if (word.ends_with("Error") && word.find(' ') == word.npos) last_error = line;
  }
  return last_error.empty() ? first : last_error;
}

/// Returns the tensor of class scores from a network's output. Networks with auxiliary classifiers
/// return further tensors after it.
at::Tensor main_output(const c10::IValue& output) {
  if (output.isTensor()) return output.toTensor();
  if (output.isTuple() && !output.toTupleRef().elements().empty()) {
    return main_output(output.toTupleRef().elements()[0]);
  }
  if (output.isTensorList() && output.toTensorList().size() > 0) {
    return output.toTensorList().get(0);
  }
  throw std::runtime_error("its output (" + output.tagKind() + ") doesn't begin with a tensor");
}

std::string shape_of(const at::Tensor& tensor) {
  std::string text;
  for (const std::int64_t size : tensor.sizes()) {
    text += (text.empty() ? "" : "x") + std::to_string(size);
  }
  return text.empty() ? "a single number" : text;
}

torch::jit::Module load_module(const std::vector<char>& bytes) {
  /// Reads from memory without copying it.
  struct View final : std::streambuf {
    explicit View(const std::vector<char>& of) {
      auto* const begin = const_cast<char*>(of.data());
      setg(begin, begin, begin + of.size());
    }
    pos_type seekoff(off_type offset, std::ios_base::seekdir from,
                     std::ios_base::openmode /*which*/) override {
      char* const base = from == std::ios_base::beg   ? eback()
                         : from == std::ios_base::cur ? gptr()
                                                      : egptr();
      if (offset < eback() - base || offset > egptr() - base) return pos_type(off_type(-1));
      setg(eback(), base + offset, egptr());
      return pos_type(gptr() - eback());
    }
    pos_type seekpos(pos_type place, std::ios_base::openmode which) override {
      return seekoff(off_type(place), std::ios_base::beg, which);
    }
  };
  View view(bytes);
  std::istream stream(&view);
  return torch::jit::load(stream, c10::Device(c10::kCPU));
}

torch::jit::Module prepare(torch::jit::Module module, Precision precision) {
  module.eval();
  if (precision == Precision::bf16) module.to(at::kBFloat16);
  for (at::Tensor parameter : module.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
  return torch::jit::freeze(module);
}

}  // namespace

struct TorchScriptNetwork::Module {
  torch::jit::Module module;

  /// Returns the network's whole output for one image. Throws what LibTorch throws.
  c10::IValue run(std::span<const float> planes, const Options& options) {
    use_one_thread();
    silence_warnings();
    const c10::InferenceMode inference;
    // from_blob takes a mutable pointer, but the network gets only the copy in another layout.
    at::Tensor input = at::from_blob(const_cast<float*>(planes.data()),
                                     {1, 3, options.input.height, options.input.width}, at::kFloat)
                           .clone(at::MemoryFormat::ChannelsLast);
    if (options.precision == Precision::bf16) input = input.to(at::kBFloat16);
    return module.forward({std::move(input)});
  }
};

TorchScriptNetwork::TorchScriptNetwork(const std::vector<char>& bytes, const std::string& source,
                                       const Options& options)
    : options_(options) {
  const auto fail = [&](const std::string& fault) {
    return std::runtime_error(source + ": " + fault);
  };
  if (const auto damage = find_zip_damage(std::as_bytes(std::span(bytes)))) {
    throw fail("damaged: " + *damage + "; fetch or export the file again");
  }
  if (const auto why = why_unsupported(options.precision)) throw std::runtime_error(*why);
  use_one_thread();
  silence_warnings();
  try {
    module_ = std::make_unique<Module>(Module{prepare(load_module(bytes), options.precision)});
  } catch (const std::exception& error) {
    throw fail("LibTorch can't load this TorchScript archive: " + reason_of(error));
  }
  const std::vector<float> black(std::size_t{3} * static_cast<std::size_t>(options.input.width) *
                                 static_cast<std::size_t>(options.input.height));
  const std::string size =
      "1x3x" + std::to_string(options.input.height) + "x" + std::to_string(options.input.width);
  at::Tensor output;
  try {
    output = main_output(module_->run(black, options));
  } catch (const std::exception& error) {
    throw fail("the network fails on an input of " + size + " (--input-size sets another size): " +
               reason_of(error) + "; " + std::string(network_expected));
  }
  if (output.dim() != 2 || output.size(0) != 1 || output.size(1) < 1 ||
      !output.is_floating_point() || output.layout() != at::kStrided) {
    throw fail("the network returns " + shape_of(output) + " of " +
               std::string(output.dtype().name()) + " for an input of " + size + "; " +
               std::string(network_expected));
  }
  class_count_ = static_cast<std::size_t>(output.size(1));
}

TorchScriptNetwork::~TorchScriptNetwork() = default;

std::vector<float> TorchScriptNetwork::forward(std::span<const float> planes,
                                               const std::function<bool()>& /*alone*/) const {
  at::Tensor logits;
  try {
    logits = main_output(module_->run(planes, options_)).to(at::kFloat).contiguous();
  } catch (const std::exception& error) {
    throw std::runtime_error("the network failed: " + reason_of(error));
  }
  if (static_cast<std::size_t>(logits.numel()) != class_count_) {
    throw std::runtime_error("the network returned " + shape_of(logits) + " for one image");
  }
  const float* const values = logits.data_ptr<float>();
  return {values, values + class_count_};
}

}  // namespace samoyed::worker
