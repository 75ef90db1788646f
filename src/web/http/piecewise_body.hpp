#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>

namespace samoyed::web {

/// A body for Boost.Beast's parser: a text that may be moved out while more arrives. Unlike
/// `string_body`, it takes no memory in advance for a large announced body, which may go elsewhere
/// piece by piece.
struct PiecewiseBody {
  using value_type = std::string;

  /// A body announced up to this size gets its memory at once.
  static constexpr std::uint64_t reserved_bytes_max = std::uint64_t{33} << 20;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>&, std::string& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& error) {
      error = {};
      if (length && *length <= reserved_bytes_max) body_.reserve(static_cast<std::size_t>(*length));
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& error) {
      error = {};
      const std::size_t size_before = body_.size();
      for (auto at = boost::asio::buffer_sequence_begin(buffers);
           at != boost::asio::buffer_sequence_end(buffers); ++at) {
        const boost::asio::const_buffer piece = *at;
        body_.append(static_cast<const char*>(piece.data()), piece.size());
      }
      return body_.size() - size_before;
    }

    void finish(boost::beast::error_code& error) { error = {}; }

   private:
    std::string& body_;
  };
};

}  // namespace samoyed::web
