#pragma once

#include <span>
#include <string>
#include <vector>

#include <asio/ip/tcp.hpp>

#include "dispatcher/load/client.hpp"
#include "dispatcher/load/options.hpp"

namespace samoyed::load {

/// One image to upload.
struct Upload {
  std::string file_name;
  std::vector<std::byte> file;
};
/// Returns the complete request, header and form, that uploads images.
std::string upload_request(const HttpUrl& url, std::span<const Upload> uploads, bool keep_alive);

/// A dispatcher's page, its /api/v1/classify or its /api/v1/jobs. Images are posted as a browser
/// posts the form. Status 200 is a recognition and 202 an accepted job; any other status with a
/// `Samoyed-Reason` field is a documented refusal.
class HttpTarget final : public Target {
 public:
  struct Settings {
    bool fresh_connections = false;
    int images_per_request = 1;
  };

  /// Makes a request of each upload and those that follow it. Looks up the name; throws
  /// std::runtime_error if that fails.
  HttpTarget(const asio::any_io_executor& executor, HttpUrl url, const std::vector<Upload>& uploads,
             Settings settings);

  std::unique_ptr<Client> make_client(const asio::any_io_executor& executor) override;
  std::string name() const override;

 private:
  HttpUrl url_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
  std::vector<std::string> requests_;
  std::vector<char> dropped_;
};

}  // namespace samoyed::load
