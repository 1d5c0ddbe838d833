#include "engines/etcd/rpc.hpp"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <deque>
#include <utility>

#include "base/check.hpp"

namespace abc2::engines::etcd {
namespace {

using Stub = grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer>;

constexpr int kAtOnce = 256;  // events that are handled before the client looks at anything else

// What the completion queue hands back.
class Tag {
 public:
  virtual ~Tag() = default;
  virtual void happened(bool ok) = 0;
};

gpr_timespec deadline_of(Clock::time_point at) {
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(at - Clock::now()).count();
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left, GPR_TIMESPAN));
}

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string to_bytes(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return {};
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

Status to_status(const grpc::Status& status) {
  return {static_cast<StatusCode>(status.error_code()), status.error_message()};
}

void prepare(grpc::ClientContext& context, const Channel::Options& options) {
  if (!options.token.empty()) context.AddMetadata("token", options.token);
  if (options.needs_leader) context.AddMetadata("hasleader", "true");
}

// What gRPC has to say besides goes where all else goes, and not to the terminal.
void log_quietly(gpr_log_func_args* args) { spdlog::debug("gRPC: {}", args->message); }

void set_up_log() {
  [[maybe_unused]] static const bool once = [] {
    gpr_set_log_function(&log_quietly);
    return true;
  }();
}

}  // namespace

struct Loop::Parts final : Tag {
  void happened(bool) override {
    // Before the client looks at what has arrived: who comes after that wakes it again.
    waking.store(false, std::memory_order_release);
    woken = true;
  }

  grpc::CompletionQueue queue;
  grpc::Alarm alarm;
  std::atomic<bool> waking = false;
  bool woken = false;
};

Loop::Loop() : parts_(std::make_unique<Parts>()) {}

Loop::~Loop() {
  while (parts_->waking.load(std::memory_order_acquire)) run(Clock::now() + std::chrono::milliseconds(100));
  parts_->queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  ABC2_CHECK(!parts_->queue.Next(&tag, &ok), "a call was still under way");
}

void Loop::run(Clock::time_point until) {
  for (int handled = 0; handled < kAtOnce; ++handled) {
    void* tag = nullptr;
    bool ok = false;
    const auto at = handled == 0 ? deadline_of(until) : gpr_time_0(GPR_CLOCK_MONOTONIC);
    if (parts_->queue.AsyncNext(&tag, &ok, at) != grpc::CompletionQueue::GOT_EVENT) return;
    static_cast<Tag*>(tag)->happened(ok);
  }
}

void Loop::wake() {
  if (parts_->waking.exchange(true, std::memory_order_acq_rel)) return;
  parts_->alarm.Set(&parts_->queue, gpr_time_0(GPR_CLOCK_MONOTONIC), static_cast<Tag*>(parts_.get()));
}

struct Call::Parts final : Tag {
  explicit Parts(Call& its_call) : call(its_call) {}
  void happened(bool) override {
    // The call may start again, or go, in ended(), and takes this with it.
    Status its_status = to_status(status);
    std::string bytes = its_status.ok() ? to_bytes(answer) : std::string();
    Call& its_call = call;
    const std::unique_ptr<Parts> self = std::move(its_call.parts_);
    its_call.ended(std::move(its_status), std::move(bytes));
  }

  Call& call;
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
};

Call::Call() = default;
Call::~Call() = default;

void Call::cancel() {
  if (parts_) parts_->context.TryCancel();
}

// Reading is always under way while it is open; writing while there is something to write; then comes the end.
struct Stream::Parts {
  explicit Parts(Stream& its_stream)
      : stream(its_stream), started(*this), read(*this), written(*this), finished(*this) {}

  struct Started final : Tag {
    explicit Started(Parts& its) : parts(its) {}
    void happened(bool ok) override { ok ? parts.begin() : parts.finish(); }
    Parts& parts;
  };
  struct Read final : Tag {
    explicit Read(Parts& its) : parts(its) {}
    void happened(bool ok) override { ok ? parts.take() : parts.finish(); }
    Parts& parts;
  };
  struct Written final : Tag {
    explicit Written(Parts& its) : parts(its) {}
    void happened(bool ok) override { parts.go_on_writing(ok); }
    Parts& parts;
  };
  struct Finished final : Tag {
    explicit Finished(Parts& its) : parts(its) {}
    void happened(bool) override { parts.end(); }
    Parts& parts;
  };

  void begin() {
    open = true;
    call->Read(&message, static_cast<Tag*>(&read));
    write_next();
  }
  void take() {
    stream.received(to_bytes(message));
    call->Read(&message, static_cast<Tag*>(&read));
  }
  void write_next() {
    if (!open || writing || over || to_send.empty()) return;
    writing = true;
    call->Write(to_buffer(to_send.front()), static_cast<Tag*>(&written));
    to_send.pop_front();
  }
  void go_on_writing(bool ok) {
    writing = false;
    if (over) return finish();
    if (ok) write_next();  // otherwise reading ends, too
  }
  void finish() {
    over = true;
    if (!writing) call->Finish(&status, static_cast<Tag*>(&finished));
  }
  void end() {
    Stream& its_stream = stream;
    Status its_status = to_status(status);
    const std::unique_ptr<Parts> self = std::move(its_stream.parts_);
    its_stream.ended(std::move(its_status));
  }

  Stream& stream;
  Started started;
  Read read;
  Written written;
  Finished finished;
  grpc::ClientContext context;
  grpc::ByteBuffer message;
  grpc::Status status;
  std::deque<std::string> to_send;
  bool open = false, writing = false, over = false;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> call;
};

Stream::Stream() = default;
Stream::~Stream() = default;

void Stream::send(std::string message) {
  if (!parts_) return;
  parts_->to_send.push_back(std::move(message));
  parts_->write_next();
}

void Stream::cancel() {
  if (parts_) parts_->context.TryCancel();
}

struct Channel::Parts {
  grpc::CompletionQueue& queue;
  std::shared_ptr<grpc::Channel> channel;
  Stub stub{channel};
};

namespace {

grpc::ChannelArguments arguments() {
  grpc::ChannelArguments arguments;
  // What is sent is sent once: whether to send it again is for whoever knows what it meant.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // No more often than members allow by default (--grpc-keepalive-min-time=5s).
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return arguments;
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const Security& security) {
  if (!security.tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = security.authorities,
                               .pem_private_key = security.key,
                               .pem_cert_chain = security.certificate});
}

}  // namespace

Channel::Channel(Loop& loop, const std::string& member, const Security& security) {
  set_up_log();
  auto channel = grpc::CreateCustomChannel("dns:" + member, credentials(security), arguments());
  parts_.reset(new Parts{loop.parts_->queue, std::move(channel)});
}

Channel::~Channel() = default;

bool Channel::connected() const { return parts_->channel->GetState(false) == GRPC_CHANNEL_READY; }

void Channel::start(Call& call, const char* method, const std::string& question, const Options& options) {
  ABC2_CHECK(!call.parts_, "a call is started again only after it has ended");
  call.parts_ = std::make_unique<Call::Parts>(call);
  Call::Parts& parts = *call.parts_;
  prepare(parts.context, options);
  parts.context.set_deadline(deadline_of(options.deadline));
  parts.reader = parts_->stub.PrepareUnaryCall(&parts.context, method, to_buffer(question), &parts_->queue);
  parts.reader->StartCall();
  parts.reader->Finish(&parts.answer, &parts.status, static_cast<Tag*>(&parts));
}

void Channel::open(Stream& stream, const char* method, const Options& options) {
  ABC2_CHECK(!stream.parts_, "a stream is opened again only after it has ended");
  stream.parts_ = std::make_unique<Stream::Parts>(stream);
  Stream::Parts& parts = *stream.parts_;
  prepare(parts.context, options);
  parts.call = parts_->stub.PrepareCall(&parts.context, method, &parts_->queue);
  parts.call->StartCall(static_cast<Tag*>(&parts.started));
}

}  // namespace abc2::engines::etcd
