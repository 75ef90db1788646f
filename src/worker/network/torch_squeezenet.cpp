#include "worker/network/torch_squeezenet.hpp"

#include <string>

#include <ATen/ATen.h>

#include "worker/network/one_thread.hpp"
#include "worker/network/squeezenet_architecture.hpp"

namespace samoyed::worker {
namespace {

/// A convolution, including the ReLU that follows every convolution in SqueezeNet.
struct TorchConvolution {
  at::Tensor weight;
  at::Tensor bias;
  std::int64_t stride = 1;
  std::int64_t padding = 0;

  at::Tensor operator()(const at::Tensor& input) const {
    return at::conv2d(input, weight, bias, stride, padding).relu_();
  }
};

/// A fire module, or a max pool if `squeeze` is undefined.
struct Layer {
  TorchConvolution squeeze;
  TorchConvolution expand1x1;
  TorchConvolution expand3x3;

  at::Tensor operator()(const at::Tensor& input) const {
    if (!squeeze.weight.defined()) {
      return at::max_pool2d(input, {3, 3}, {2, 2}, /*padding=*/0, /*dilation=*/1,
                            /*ceil_mode=*/true);
    }
    const at::Tensor squeezed = squeeze(input);
    return at::cat({expand1x1(squeezed), expand3x3(squeezed)}, 1);
  }
};

at::Tensor to_tensor(const ModelTensor& tensor) {
  // from_blob takes a mutable pointer, but only the clone is kept.
  const at::Tensor view =
      at::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape, at::kFloat);
  return tensor.shape.size() == 4 ? view.clone(at::MemoryFormat::ChannelsLast) : view.clone();
}

TorchConvolution read_convolution(const ModelFile& file, const std::string& name,
                                  std::int64_t stride = 1, std::int64_t padding = 0) {
  return {to_tensor(file.tensors.at(name + ".weight")), to_tensor(file.tensors.at(name + ".bias")),
          stride, padding};
}

}  // namespace

struct TorchSqueezenet::Network {
  std::size_t class_count = 0;
  TorchConvolution first;
  std::vector<Layer> layers;
  TorchConvolution classifier;
};

TorchSqueezenet::TorchSqueezenet(const ModelFile& file, const SqueezenetShape& shape) {
  use_one_thread();
  const at::InferenceMode inference;
  auto network = std::make_unique<Network>();
  network->class_count = static_cast<std::size_t>(shape.class_count);
  network->first = read_convolution(file, "features.0", /*stride=*/2);
  for (const SqueezenetLayer& layer : shape.architecture->layers) {
    Layer& added = network->layers.emplace_back();
    if (layer.squeezed == 0) continue;
    const std::string name = "features." + std::to_string(layer.index);
    added.squeeze = read_convolution(file, name + ".squeeze");
    added.expand1x1 = read_convolution(file, name + ".expand1x1");
    added.expand3x3 = read_convolution(file, name + ".expand3x3", /*stride=*/1, /*padding=*/1);
  }
  network->classifier = read_convolution(file, "classifier.1");
  network_ = std::move(network);
}

TorchSqueezenet::~TorchSqueezenet() = default;

std::vector<float> TorchSqueezenet::forward(std::span<const float, input_floats> planes) const {
  use_one_thread();
  const at::InferenceMode inference;
  const at::Tensor input = at::from_blob(const_cast<float*>(planes.data()),
                                         {1, 3, input_side_px, input_side_px}, at::kFloat)
                               .contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor features = network_->first(input);
  for (const Layer& layer : network_->layers) features = layer(features);
  // torchvision has a dropout before the classifier, which does nothing outside training.
  const at::Tensor logits = network_->classifier(features).mean(at::IntArrayRef{2, 3}).contiguous();
  const float* values = logits.data_ptr<float>();
  return {values, values + network_->class_count};
}

}  // namespace samoyed::worker
