#include "worker/model.hpp"

#include <stdexcept>
#include <utility>

namespace samoyed::worker {
namespace {

void check_label_count(const std::string& source, std::size_t class_count,
                       std::size_t label_count) {
  if (class_count == label_count) return;
  throw std::runtime_error(source + ": the network has " + std::to_string(class_count) +
                           " classes, but there are " + std::to_string(label_count) +
                           " labels; give the labels file that belongs to it (--labels)");
}

}  // namespace

Model make_squeezenet_model(const ModelFile& file, std::vector<std::string> labels,
                            const Squeezenet::Options& options) {
  auto network = std::make_unique<const Squeezenet>(file, options);
  check_label_count(file.name, network->class_count(), labels.size());
  std::string name(network->name());
  return {std::move(network), std::move(name), std::move(labels), file.trained};
}

}  // namespace samoyed::worker
