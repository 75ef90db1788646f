// SqueezeNet 1.1 written with LibTorch without attention to speed: eager mode, default layout, the
// system's BLAS, and LibTorch's own number of threads (OMP_NUM_THREADS changes it).
//
// usage: samoyed_bench_naive MODEL INPUT.f32 THREADS SECONDS

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include "../measure.hpp"

namespace {

using Weights = c10::Dict<c10::IValue, c10::IValue>;

std::vector<char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Network {
 public:
  explicit Network(const std::string& path)
      : weights_(torch::jit::pickle_load(read_file(path)).toGenericDict()) {}

  at::Tensor forward(const at::Tensor& input) const {
    at::Tensor x = convolve(input, "features.0", 2, 0);
    x = pool(x);
    x = fire(fire(x, "features.3"), "features.4");
    x = pool(x);
    x = fire(fire(x, "features.6"), "features.7");
    x = pool(x);
    for (const char* name : {"features.9", "features.10", "features.11", "features.12"}) {
      x = fire(x, name);
    }
    return convolve(x, "classifier.1", 1, 0).mean(at::IntArrayRef{2, 3});
  }

 private:
  at::Tensor convolve(const at::Tensor& x, const std::string& name, int stride, int padding) const {
    return at::conv2d(x, weights_.at(name + ".weight").toTensor(),
                      weights_.at(name + ".bias").toTensor(), stride, padding)
        .relu();
  }
  at::Tensor fire(const at::Tensor& x, const std::string& name) const {
    const at::Tensor squeezed = convolve(x, name + ".squeeze", 1, 0);
    return at::cat({convolve(squeezed, name + ".expand1x1", 1, 0),
                    convolve(squeezed, name + ".expand3x3", 1, 1)},
                   1);
  }
  static at::Tensor pool(const at::Tensor& x) {
    return at::max_pool2d(x, {3, 3}, {2, 2}, {0, 0}, {1, 1}, /*ceil_mode=*/true);
  }

  Weights weights_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: samoyed_bench_naive MODEL INPUT.f32 THREADS SECONDS\n";
    return 2;
  }
  const at::InferenceMode inference;
  const Network network(argv[1]);
  std::vector<char> bytes = read_file(argv[2]);
  const at::Tensor input = at::from_blob(bytes.data(), {1, 3, 224, 224}, at::kFloat);
  const auto measured = samoyed::bench::measure(
      std::stoi(argv[3]), std::chrono::duration<double>(std::stod(argv[4])), [&] {
        const at::InferenceMode of_thread;
        static_cast<void>(network.forward(input));
      });
  std::cout << "{\"threads\":" << measured.threads << ",\"median_ms\":" << measured.median_ms
            << ",\"per_s\":" << measured.per_s
            << ",\"top1\":" << network.forward(input).argmax(1).item<std::int64_t>() << "}\n";
}
