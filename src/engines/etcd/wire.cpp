#include "engines/etcd/wire.hpp"

#include <etcd/rpc.pb.h>

namespace abc2::engines::etcd::wire {
namespace {

namespace pb = etcdserverpb;

template <class Message>
std::optional<Message> parsed(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes)) return std::nullopt;
  return message;
}

std::uint64_t revision_of(const pb::ResponseHeader& header) { return static_cast<std::uint64_t>(header.revision()); }

void add_to(pb::TxnRequest& txn, const std::string& key, std::optional<std::int64_t> revision,
            const std::string& value) {
  pb::Compare& compare = *txn.add_compare();
  compare.set_result(pb::Compare::EQUAL);
  compare.set_key(key);
  if (revision) {
    compare.set_target(pb::Compare::MOD);
    compare.set_mod_revision(*revision);
  } else {
    compare.set_target(pb::Compare::VERSION);
    compare.set_version(0);
  }
  pb::PutRequest& put = *txn.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(value);
}

}  // namespace

std::string get(const std::string& key, store::Freshness freshness) {
  pb::RangeRequest request;
  request.set_key(key);
  request.set_serializable(freshness == store::Freshness::stale);
  return request.SerializeAsString();
}

std::string range(const std::string& first, const std::string& end, std::size_t limit, std::uint64_t revision) {
  pb::RangeRequest request;
  request.set_key(first);
  request.set_range_end(end);
  request.set_limit(static_cast<std::int64_t>(limit));
  request.set_revision(static_cast<std::int64_t>(revision));
  return request.SerializeAsString();
}

std::optional<RangeAnswer> range_answer(const std::string& bytes) {
  auto message = parsed<pb::RangeResponse>(bytes);
  if (!message) return std::nullopt;
  RangeAnswer answer;
  answer.more = message->more();
  answer.revision = revision_of(message->header());
  answer.items.reserve(static_cast<std::size_t>(message->kvs_size()));
  for (auto& kv : *message->mutable_kvs())
    answer.items.push_back(
        {std::move(*kv.mutable_key()),
         {std::move(*kv.mutable_value()), store::Version(static_cast<std::uint64_t>(kv.mod_revision()))}});
  return answer;
}

std::string add(const std::string& key, const std::string& value) {
  pb::TxnRequest txn;
  add_to(txn, key, std::nullopt, value);
  return txn.SerializeAsString();
}

std::string replace(const std::string& key, std::int64_t revision, const std::string& value) {
  pb::TxnRequest txn;
  add_to(txn, key, revision, value);
  return txn.SerializeAsString();
}

std::string commit(const std::vector<store::Write>& writes) {
  pb::TxnRequest txn;
  for (const auto& write : writes) {
    std::optional<std::int64_t> revision;
    if (write.expected) revision = static_cast<std::int64_t>(write.expected->token());
    add_to(txn, write.key, revision, write.value);
  }
  return txn.SerializeAsString();
}

std::optional<TxnAnswer> txn_answer(const std::string& bytes) {
  const auto message = parsed<pb::TxnResponse>(bytes);
  if (!message || !message->has_header()) return std::nullopt;
  return TxnAnswer{message->succeeded(), revision_of(message->header())};
}

std::string compact(std::uint64_t revision) {
  pb::CompactionRequest request;
  request.set_revision(static_cast<std::int64_t>(revision));
  return request.SerializeAsString();
}

std::string authenticate(const std::string& user, const std::string& password) {
  pb::AuthenticateRequest request;
  request.set_name(user);
  request.set_password(password);
  return request.SerializeAsString();
}

std::optional<std::string> authenticate_answer(const std::string& bytes) {
  const auto message = parsed<pb::AuthenticateResponse>(bytes);
  if (!message || message->token().empty()) return std::nullopt;
  return message->token();
}

std::optional<StatusAnswer> status_answer(const std::string& bytes) {
  const auto message = parsed<pb::StatusResponse>(bytes);
  if (!message || !message->has_header()) return std::nullopt;
  StatusAnswer answer;
  answer.cluster = message->header().cluster_id();
  answer.revision = revision_of(message->header());
  answer.version = message->version();
  answer.has_leader = message->leader() != 0;
  answer.learner = message->is_learner();
  for (const auto& error : message->errors())
    if (error.find("NOSPACE") != std::string::npos) answer.full = true;
  return answer;
}

std::string watch(std::int64_t id, const std::string& key, std::uint64_t revision) {
  pb::WatchRequest request;
  pb::WatchCreateRequest& create = *request.mutable_create_request();
  create.set_key(key);
  create.set_start_revision(static_cast<std::int64_t>(revision));
  create.set_watch_id(id);
  return request.SerializeAsString();
}

std::string end_watch(std::int64_t id) {
  pb::WatchRequest request;
  request.mutable_cancel_request()->set_watch_id(id);
  return request.SerializeAsString();
}

std::optional<WatchAnswer> watch_answer(const std::string& bytes) {
  const auto message = parsed<pb::WatchResponse>(bytes);
  if (!message) return std::nullopt;
  WatchAnswer answer;
  answer.id = message->watch_id();
  answer.revision = revision_of(message->header());
  answer.created = message->created();
  answer.ended = message->canceled();
  answer.compacted = message->compact_revision() != 0;
  answer.reason = message->cancel_reason();
  for (const auto& event : message->events())
    answer.last_written = std::max(answer.last_written, static_cast<std::uint64_t>(event.kv().mod_revision()));
  return answer;
}

}  // namespace abc2::engines::etcd::wire
