// Runs SqueezeNet from an ONNX file with OpenCV's DNN module.
//
// usage: samoyed_bench_opencv MODEL.onnx INPUT.f32 THREADS THREADS_PER_IMAGE SECONDS

#include <fstream>
#include <iostream>
#include <iterator>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

#include "../measure.hpp"

namespace {

/// Returns the calling thread's network. Each thread needs its own, because an OpenCV network holds
/// its inputs and results.
cv::dnn::Net& network_of_thread(const std::string& path, const cv::Mat& input) {
  thread_local cv::dnn::Net network = [&] {
    cv::dnn::Net read = cv::dnn::readNetFromONNX(path);
    read.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    read.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    read.setInput(input);
    return read;
  }();
  return network;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr
        << "usage: samoyed_bench_opencv MODEL.onnx INPUT.f32 THREADS THREADS_PER_IMAGE SECONDS\n";
    return 2;
  }
  const std::string model = argv[1];
  std::ifstream file(argv[2], std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const cv::Mat input(std::vector<int>{1, 3, 224, 224}, CV_32F, bytes.data());
  cv::setNumThreads(std::stoi(argv[4]));
  const auto forward = [&] {
    cv::dnn::Net& network = network_of_thread(model, input);
    network.setInput(input);
    return network.forward();
  };
  const auto measured =
      samoyed::bench::measure(std::stoi(argv[3]), std::chrono::duration<double>(std::stod(argv[5])),
                              [&] { static_cast<void>(forward()); });
  cv::Point best;
  cv::minMaxLoc(forward().reshape(1, 1), nullptr, nullptr, nullptr, &best);
  std::cout << "{\"threads\":" << measured.threads << ",\"median_ms\":" << measured.median_ms
            << ",\"per_s\":" << measured.per_s << ",\"top1\":" << best.x << "}\n";
}
