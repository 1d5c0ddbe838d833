// The only unit that includes Beast's parser: it takes long to compile.
#include "http/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <optional>

namespace abc2::http {

namespace beast = boost::beast::http;

namespace {

using Ec = boost::system::error_code;

class Collector final : public beast::basic_parser<true> {
 public:
  Collector(std::vector<FieldView>& fields, std::string& body, std::string_view bytes)
      : fields_(fields), body_(body), bytes_(bytes) {}

  RequestView view;
  std::string_view method_name;
  int hosts = 0;
  bool expects_continue = false;
  bool folded = false;

 private:
  void on_request_impl(beast::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       Ec&) override {
    method_name = {method.data(), method.size()};
    view.method = method_from(method_name);
    view.target = {target.data(), target.size()};
    view.http_1_0 = version == 10;
  }
  void on_response_impl(int, boost::beast::string_view, int, Ec&) override {}
  void on_field_impl(beast::field known, boost::beast::string_view name, boost::beast::string_view value,
                     Ec&) override {
    // Fields after a chunked body: read and thrown away, so that nobody's proxy can be passed with them.
    if (head_is_over_) return;
    // A folded value is put together in a buffer of the parser's own, which the view would outlive.
    if (!value.empty() && (value.data() < bytes_.data() || value.data() >= bytes_.data() + bytes_.size()))
      folded = true;
    const std::string_view text(value.data(), value.size());
    if (known == beast::field::host) ++hosts;
    if (known == beast::field::expect && same_name(text, "100-continue")) expects_continue = true;
    fields_.push_back({{name.data(), name.size()}, text});
  }
  void on_header_impl(Ec&) override { head_is_over_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, Ec&) override {
    if (length) body_.reserve(static_cast<std::size_t>(*length));
  }
  std::size_t on_body_impl(boost::beast::string_view piece, Ec&) override {
    body_.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, Ec&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view piece, Ec&) override {
    body_.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(Ec&) override {}

  std::vector<FieldView>& fields_;
  std::string& body_;
  std::string_view bytes_;
  bool head_is_over_ = false;
};

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(Limits limits) : limits_(limits) {}

  void reset() {
    parser_.reset();
    fields_.clear();
    body_.clear();
    state_ = State::head;
    searched_ = 0;
  }

  std::size_t feed(std::string_view bytes) {
    switch (state_) {
      case State::head: return feed_head(bytes);
      case State::body: return feed_body(bytes);
      case State::done:
      case State::failed: return 0;
    }
    return 0;
  }

  void fail(int status, std::string_view why) {
    state_ = State::failed;
    failure_status_ = status;
    failure_ = why;
  }

  Limits limits_;
  std::optional<Collector> parser_;
  std::vector<FieldView> fields_;
  std::string body_;
  State state_ = State::head;
  std::size_t searched_ = 0;  // up to here, the end of the head is known not to begin
  int failure_status_ = 0;
  std::string_view failure_;

 private:
  std::size_t feed_head(std::string_view bytes) {
    // Empty lines before a request are left over from sloppy clients (RFC 9112, 2.2).
    std::size_t skipped = 0;
    while (skipped + 1 < bytes.size() && bytes[skipped] == '\r' && bytes[skipped + 1] == '\n') skipped += 2;
    const std::string_view head = bytes.substr(skipped);
    if (skipped > 0) searched_ = 0;

    const auto end = head.find("\r\n\r\n", searched_);
    if (end == std::string_view::npos ? head.size() > limits_.header_bytes : end + 4 > limits_.header_bytes) {
      fail(431, "the head of the request is too large");
      return 0;
    }
    if (end == std::string_view::npos) {
      searched_ = head.size() > 3 ? head.size() - 3 : 0;
      return skipped;
    }
    parser_.emplace(fields_, body_, head);
    parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser_->body_limit(limits_.body_bytes);
    parser_->eager(true);
    Ec ec;
    const std::size_t used = parser_->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    judge(ec);
    // The blank line that ends a head was seen above. A parser that still waits for it (it does where the first line
    // ends within its version) would wait for ever.
    if (state_ != State::failed && !parser_->is_header_done()) fail(400, "this is not a well-formed HTTP request");
    if (state_ != State::failed) check_head();
    return skipped + used;
  }

  std::size_t feed_body(std::string_view bytes) {
    Ec ec;
    const std::size_t used = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    judge(ec);
    return used;
  }

  void judge(Ec ec) {
    if (!ec || ec == beast::error::need_more) {
      state_ = parser_->is_done() ? State::done : State::body;
    } else if (ec == beast::error::body_limit) {
      fail(413, "the body of the request is too large");
    } else if (ec == beast::error::header_limit) {
      fail(431, "the head of the request is too large");
    } else if (ec == beast::error::bad_version) {
      fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    } else {
      fail(400, "this is not a well-formed HTTP request");
    }
  }

  void check_head() {
    auto& view = parser_->view;
    view.fields = fields_;
    view.keep_alive = parser_->keep_alive();
    if (parser_->folded) return fail(400, "folded header lines are not accepted");
    if (parser_->hosts > 1 || (parser_->hosts == 0 && !view.http_1_0))
      return fail(400, "a request has exactly one Host field");
    if (view.target.empty() || view.target[0] != '/') {
      if (view.target != "*") return fail(400, "the target of a request begins with a slash");
    }
    // An upgrade to another protocol is not offered; the request is answered as if it had not been asked for.
    if (parser_->method_name == "CONNECT") fail(501, "CONNECT is not spoken here");
  }
};

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

void RequestParser::reset() { impl_->reset(); }
std::size_t RequestParser::feed(std::string_view bytes) { return impl_->feed(bytes); }
RequestParser::State RequestParser::state() const { return impl_->state_; }
const RequestView& RequestParser::view() const { return impl_->parser_->view; }
bool RequestParser::expects_continue() const { return impl_->parser_->expects_continue; }
std::string& RequestParser::body() { return impl_->body_; }
int RequestParser::failure_status() const { return impl_->failure_status_; }
std::string_view RequestParser::failure() const { return impl_->failure_; }

Request own(const RequestView& view) {
  Request request;
  request.method = view.method;
  request.target = view.target;
  request.headers.reserve(view.fields.size());
  for (const auto& field : view.fields) {
    std::string name(field.name);
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    request.headers.emplace_back(std::move(name), std::string(field.value));
  }
  return request;
}

}  // namespace abc2::http
