#pragma once

#include <memory>
#include <optional>
#include <span>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/protocol/encoded_image.hpp"
#include "web/access/admission.hpp"
#include "web/http/http_message.hpp"
#include "web/routes/upload.hpp"
#include "web/routes/visit.hpp"
#include "web/server/client_watch.hpp"
#include "web/server/site.hpp"

namespace samoyed::web {

/// Why an upload is not taken: `overloaded` or `client_limit`.
Problem refused_upload(Reason reason);

/// Answers one upload: has its pictures recognised one after the other, or puts them among the jobs. Holds no
/// more memory than its ticket allows, and writes down what was recognised.
///
/// Thread rule: the one thread of the connection, all of whose parts that it is given must outlive it.
class UploadHandler {
 public:
  /// `ticket` may be null: then nothing bounds the memory.
  UploadHandler(Site& site, ClientWatch& watch, const Visit& visit, Admission::Ticket* ticket);

  /// The request's body is dropped as soon as its pictures are encoded. Nothing if the client left meanwhile.
  asio::awaitable<std::optional<Response>> handle(Request& request, Upload& upload);

 private:
  asio::awaitable<std::optional<Response>> recognise(Request& request, Upload& upload);
  asio::awaitable<dispatcher::Outcome> classify(std::shared_ptr<const protocol::EncodedImage> image,
                                                const Upload& upload);
  asio::awaitable<Response> submit(Request& request, const Upload& upload);
  void record(const Upload& upload, const Picture& picture, const dispatcher::Answer& answer);
  void count_failures(const Response& answer, std::span<const dispatcher::Outcome> outcomes);

  Site& site_;
  ClientWatch& watch_;
  const Visit& visit_;
  Admission::Ticket* const ticket_;
};

}  // namespace samoyed::web
