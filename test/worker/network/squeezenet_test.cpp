#include "worker/network/squeezenet.hpp"

#include <cmath>
#include <dlfcn.h>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"
#include "worker/network/squeezenet_architecture.hpp"

using samoyed::test::make_planes;
using samoyed::test::make_squeezenet;
using namespace samoyed::worker;

namespace {

std::vector<float> forward(const Squeezenet& network, const std::vector<float>& planes) {
  REQUIRE(planes.size() == input_floats);
  return network.forward(std::span<const float, input_floats>(planes));
}

std::ptrdiff_t thread_count() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

std::string error_of(const ModelFile& file) {
  try {
    recognize_squeezenet(file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("the shapes determine the version and the number of classes") {
  const SqueezenetShape old_shape = recognize_squeezenet(make_squeezenet(false, 1000));
  CHECK(old_shape.architecture->name == "squeezenet1_0");
  CHECK(old_shape.class_count == 1000);
  const SqueezenetShape new_shape = recognize_squeezenet(make_squeezenet(true, 3));
  CHECK(new_shape.architecture->name == "squeezenet1_1");
  CHECK(new_shape.class_count == 3);
}

TEST_CASE("tensors of another network give an error that names the first difference") {
  const ModelFile whole = make_squeezenet(true, 10);
  using Shape = std::vector<std::int64_t>;
  // A shape if the tensor is added or replaced; none if it is removed.
  const struct {
    std::string tensor;
    std::optional<Shape> shape;
    std::string error;
  } cases[] = {
      {"features.0.weight", Shape{64, 3, 5, 5},
       "features.0.weight is 64x3x5x5; expected 96x3x7x7 (SqueezeNet 1.0) or 64x3x3x3 (SqueezeNet "
       "1.1)"},
      {"features.0.weight", Shape{96, 3, 7, 7}, "features.0.bias is 64; squeezenet1_0 expects 96"},
      {"features.0.weight", std::nullopt,
       "tensor features.0.weight is missing; expected the weights of SqueezeNet 1.0 or 1.1"},
      {"features.6.squeeze.bias", std::nullopt,
       "tensor features.6.squeeze.bias is missing; expected the weights of squeezenet1_1"},
      {"classifier.1.weight", std::nullopt,
       "tensor classifier.1.weight is missing; expected the weights of squeezenet1_1"},
      {"classifier.1.weight", Shape{11, 512, 1, 1},
       "classifier.1.bias is 10; squeezenet1_1 expects 11"},
      {"classifier.1.weight", Shape{}, "classifier.1.weight is a scalar; expected CLASSESx512x1x1"},
      {"features.4.expand3x3.weight", Shape{64, 16, 1, 1},
       "features.4.expand3x3.weight is 64x16x1x1; squeezenet1_1 expects 64x16x3x3"},
      {"features.13.weight", Shape{1},
       "unknown tensor features.13.weight; expected only the weights of squeezenet1_1"},
  };
  for (const auto& [tensor, shape, error] : cases) {
    ModelFile file = whole;
    if (shape) {
      file.tensors[tensor].shape = *shape;
    } else {
      file.tensors.erase(tensor);
    }
    CHECK(error_of(file) == "arithmetic.pth: " + error);
  }
}

TEST_CASE("the logits equal those of torchvision's network") {
  // Computed by PyTorch 1.13 and torchvision 0.14's SqueezeNet(version, num_classes=7) with the
  // same weights and input.
  const struct {
    bool version_1_1;
    std::vector<float> logits;
  } cases[] = {
      {false,
       {0.42286745F, 3.2223749F, 0.086880289F, 2.886761F, 0.34960756F, 1.0859877F, 0.82653558F}},
      {true,
       {6.4710107F, 0.54921085F, 5.5041556F, 0.62490612F, 1.8553041F, 2.5912824F, 0.43056384F}},
  };
  for (const auto& [version_1_1, expected] : cases) {
    const Squeezenet network(make_squeezenet(version_1_1, 7));
    CHECK(network.name() == (version_1_1 ? "squeezenet1_1" : "squeezenet1_0"));
    CHECK(network.class_count() == 7);
    const std::vector<float> logits = forward(network, make_planes());
    REQUIRE(logits.size() == expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      CHECK(logits[i] == Approx(expected[i]).margin(1e-4));
    }
  }
}

TEST_CASE("the untrained model's logits equal those of torchvision's network") {
  const std::vector<float> logits =
      forward(Squeezenet(samoyed::test::make_untrained_model()), make_planes());
  REQUIRE(logits.size() == 1000);
  CHECK(logits[615] == Approx(14.244275F).margin(1e-3));
  CHECK(logits[982] == Approx(13.340962F).margin(1e-3));
  CHECK(logits[191] == Approx(13.187909F).margin(1e-3));
  CHECK(logits[0] == Approx(3.8410258F).margin(1e-3));
}

TEST_CASE("forward passes on several threads agree, and none starts threads of its own") {
  const Squeezenet network(make_squeezenet(true, 7));
  const std::vector<float> planes = make_planes();
  const std::vector<float> expected = forward(network, planes);
  const auto threads_before = thread_count();
  std::vector<std::vector<float>> logits(2);
  std::vector<std::ptrdiff_t> threads(2);
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      running.emplace_back([&, i] {
        for (int repeat = 0; repeat < 3; ++repeat) {
          logits[i] = network.forward(std::span<const float, input_floats>(planes));
        }
        threads[i] = thread_count();
      });
    }
  }
  for (std::size_t i = 0; i < logits.size(); ++i) {
    CHECK(logits[i] == expected);
    CHECK(threads[i] <= threads_before + 2);
  }
}

TEST_CASE("LibTorch's matrix products use OpenBLAS, whichever BLAS the system prefers") {
  Dl_info library{};
  REQUIRE(dladdr(dlsym(RTLD_DEFAULT, "sgemm_"), &library) != 0);
  CHECK_THAT(library.dli_fname, Catch::Contains("libopenblas"));
}
