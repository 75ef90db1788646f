#pragma once

#include <optional>
#include <vector>

#include <asio/ip/tcp.hpp>

#include "dispatcher/load/client.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/encoded_image.hpp"

namespace samoyed::load {

/// Workers that get the load directly. Each client uses one of them, in turn.
///
/// Clients say hello, keep their connections and speak the extended dialect. Reference servers
/// don't support that, so clients connect to them anew for each image, without hello.
class WorkerTarget final : public Target {
 public:
  struct Settings {
    int top = 5;
    bool fresh_connections = false;
  };
  struct Worker {
    std::vector<asio::ip::tcp::endpoint> endpoints;
    /// True if it answered a hello like a reference server.
    bool is_reference = false;
    /// True if its hello said so.
    bool takes_pipelining = false;
  };

  /// Looks up the names. Throws std::runtime_error if a lookup fails.
  WorkerTarget(const asio::any_io_executor& executor, std::vector<protocol::Address> addresses,
               const std::vector<std::vector<std::byte>>& image_files, Settings settings);

  std::unique_ptr<Client> make_client(const asio::any_io_executor& executor) override;
  std::string name() const override;

  const Settings& settings() const { return settings_; }
  const protocol::EncodedImage& image(std::size_t number) const { return images_[number]; }

 private:
  std::vector<protocol::Address> addresses_;
  std::vector<Worker> workers_;
  std::vector<protocol::EncodedImage> images_;
  Settings settings_;
  std::size_t next_worker_ = 0;
};

}  // namespace samoyed::load
