#include "web/http/parse_problem.hpp"

#include <boost/beast/http/error.hpp>

#include "web/http/request_check.hpp"
#include "web/http/size_text.hpp"

namespace samoyed::web {

namespace http = boost::beast::http;

Problem parse_problem(boost::beast::error_code error, std::string_view unread,
                      std::uint64_t body_bytes_max) {
  if (error == http::error::body_limit) {
    return {Reason::too_large, "The upload is too large (limit " + size_text(body_bytes_max) +
                                   "). If you sent several pictures, send fewer at a time."};
  }
  if (error == http::error::bad_version && names_http_version(unread)) {
    return {Reason::http_version, "This server supports only HTTP/1.0 and HTTP/1.1."};
  }
  return {Reason::bad_request, "The request is not valid HTTP (" + error.message() + ")."};
}

}  // namespace samoyed::web
