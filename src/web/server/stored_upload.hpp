#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/thread_pool.hpp>

#include "web/forms/stored_form.hpp"
#include "web/http/http_message.hpp"
#include "web/http/reasons.hpp"
#include "web/routes/request_context.hpp"

namespace samoyed::web {

/// Where forms lie that are too large for memory, and how much they may take together and of one
/// client. The disk is used on a thread of its own, so that a slow one holds up nothing else.
struct FormStore {
  FormStore(std::filesystem::path where, std::uint64_t limit, std::uint64_t client_limit)
      : folder(std::move(where)), bytes_max(limit), client_bytes_max(client_limit) {}

  /// Takes room for more of a client's bytes. Returns the reason if there is none. `client` is the
  /// client's io::limit_key.
  std::optional<Reason> take(const std::string& client, std::uint64_t more);
  /// Gives room back.
  void give_back(const std::string& client, std::uint64_t taken);

  const std::filesystem::path folder;
  const std::uint64_t bytes_max;
  const std::uint64_t client_bytes_max;
  std::uint64_t bytes = 0;                         ///< In use, of all forms.
  std::map<std::string, std::uint64_t> by_client;  ///< The same of each client that uses some.
  asio::thread_pool thread{1};
};

/// Returns the folder for temporary files that may be large: TMPDIR, else /var/tmp, which isn't in
/// memory.
std::filesystem::path large_files_folder();

/// A form that lies in a file without a name, which is gone with the last user or with the process.
/// Its parts are found as it arrives.
///
/// Thread rule: the web server's thread. `store` must outlive it.
class StoredUpload final : public StoredForm {
 public:
  /// `client` is the client's io::limit_key.
  StoredUpload(FormStore& store, std::string client, std::string_view boundary);
  ~StoredUpload() override;

  /// Takes the next piece of the body. Returns an error if the form is invalid or can't be stored.
  asio::awaitable<std::optional<Problem>> append(std::string piece);
  /// Takes the end of the body.
  std::optional<Problem> finish() const;

  const std::vector<ScannedPart>& parts() const override { return scanner_.parts(); }
  asio::awaitable<std::string> read(ScannedPart part) override;

 private:
  class File;

  FormStore& store_;
  const std::string client_;
  FormScanner scanner_;
  std::uint64_t bytes_ = 0;
  const std::shared_ptr<File> file_;  ///< Shared with work on the thread.
};

/// Returns true if a request's body may be larger than an image: it is a form whose endpoint takes
/// several images.
bool may_be_stored(const RequestContext& context);

}  // namespace samoyed::web
