#include "admin/message_text.h"

#include <fmt/format.h>
#include <zlib.h>

#include "admin/java_text.h"
#include "msg/properties.h"

namespace mq::admin {

namespace {

constexpr size_t kMaxInflated = 64 << 20;

/// zlib bodies are shown as text; other kinds of compression stay as they are.
std::string inflate_body(ByteView body) {
  std::string out;
  z_stream z{};
  if (inflateInit(&z) != Z_OK) return std::string(as_text(body));
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(body.data()));
  z.avail_in = static_cast<uInt>(body.size());
  int status = Z_OK;
  char block[16384];
  while (status == Z_OK && out.size() < kMaxInflated) {
    z.next_out = reinterpret_cast<Bytef*>(block);
    z.avail_out = sizeof block;
    status = inflate(&z, Z_NO_FLUSH);
    out.append(block, sizeof block - z.avail_out);
  }
  inflateEnd(&z);
  return status == Z_STREAM_END ? out : std::string(as_text(body));
}

std::unique_ptr<Message> make_message(std::string_view bytes, const std::string& broker_name, Error& error) {
  auto m = std::make_unique<Message>();
  m->record = bytes;
  auto view = decode_record(as_bytes(m->record), RecordCheck::kLengths);
  if (!view) {
    error = view.error();
    return nullptr;
  }
  m->view = *view;
  m->broker_name = broker_name;
  const MessageFields& f = m->view.m;
  m->offset_msg_id = offset_msg_id(f.storeHost, {f.physicalOffset});
  PropertyReader reader(f.properties);
  std::string_view name, value;
  while (reader.next(name, value)) m->add_property(std::string(name), std::string(value));
  m->msg_id = m->property(prop::kUniqKey);
  if (m->msg_id.empty()) m->msg_id = m->offset_msg_id;
  const bool zlib = (f.sysFlag & sys_flag::kCompressed) && ((f.sysFlag & 0x700) == 0 || (f.sysFlag & 0x700) == 0x300);
  m->body = zlib ? inflate_body(f.body) : std::string(as_text(f.body));
  return m;
}

}  // namespace

void Message::add_property(std::string name, std::string value) {
  for (auto& [n, v] : properties) {
    if (n == name) {
      v = std::move(value);
      return;
    }
  }
  properties.emplace_back(std::move(name), std::move(value));
}

std::string Message::property(std::string_view name) const {
  for (const auto& [n, v] : properties) if (n == name) return v;
  return {};
}

Result<std::vector<std::unique_ptr<Message>>> decode_messages(std::string_view bytes, const std::string& broker_name) {
  std::vector<std::unique_ptr<Message>> found;
  while (bytes.size() >= 4) {
    const auto size = static_cast<size_t>(load_be<int32_t>(bytes.data()));
    if (size < 8 || size > bytes.size()) return fail(Errc::kCorrupt, "the answer holds a record of a wrong size");
    Error error(Errc::kCorrupt, "");
    auto m = make_message(bytes.substr(0, size), broker_name, error);
    if (!m) return fail(std::move(error));
    found.push_back(std::move(m));
    bytes.remove_prefix(size);
  }
  return found;
}

std::string properties_text(const Message& m) {
  auto pairs = m.properties;
  hash_order(pairs, [](const auto& p) { return std::string_view(p.first); });
  std::string text = "{";
  for (const auto& [name, value] : pairs) text += (text.size() > 1 ? ", " : "") + name + "=" + value;
  return text + "}";
}

std::string message_ext_text(const Message& m, bool with_body) {
  const MessageFields& f = m.view.m;
  std::string body;
  for (char c : m.body) body += (body.empty() ? "" : ", ") + std::to_string(static_cast<int>(static_cast<signed char>(c)));
  body = with_body ? "[" + body + "]" : "null";
  return fmt::format(
      "MessageExt [brokerName={}, queueId={}, storeSize={}, queueOffset={}, sysFlag={}, bornTimestamp={}, bornHost=/{}, "
      "storeTimestamp={}, storeHost=/{}, msgId={}, commitLogOffset={}, bodyCRC={}, reconsumeTimes={}, "
      "preparedTransactionOffset={}, toString()=Message{{topic='{}', flag={}, properties={}, body={}, transactionId='{}'}}]",
      m.broker_name.empty() ? "null" : m.broker_name, f.queueId, m.record.size(), f.queueOffset, f.sysFlag, f.bornTimestamp,
      f.bornHost.to_string(), f.storeTimestamp, f.storeHost.to_string(), m.offset_msg_id, f.physicalOffset, m.view.bodyCRC,
      f.reconsumeTimes, f.preparedTransactionOffset, f.topic, f.flag, properties_text(m), body, m.property(prop::kTranMsg) == "true" ? m.property(prop::kUniqKey) : "null");
}

Json to_record(const Message& m, bool with_body) {
  const MessageFields& f = m.view.m;
  Json properties = Json::object();
  for (const auto& [name, value] : m.properties) properties.add(name, value);
  return Json::object()
      .add("msgId", m.msg_id)
      .add("offsetMsgId", m.offset_msg_id)
      .add("topic", f.topic)
      .add("brokerName", m.broker_name)
      .add("queueId", int64_t{f.queueId})
      .add("queueOffset", f.queueOffset)
      .add("commitLogOffset", f.physicalOffset)
      .add("reconsumeTimes", int64_t{f.reconsumeTimes})
      .add("bornTimestamp", f.bornTimestamp)
      .add("storeTimestamp", f.storeTimestamp)
      .add("bornHost", f.bornHost.to_string())
      .add("storeHost", f.storeHost.to_string())
      .add("sysFlag", int64_t{f.sysFlag})
      .add("properties", std::move(properties))
      .add("body", with_body ? Json(m.body) : Json());
}

Result<> print_message(Session& s, const Message& m, bool with_offset_id, const std::string& suffix, bool print_body) {
  auto& fs = s.env().fs();
  const std::string folder = "/tmp/rocketmq/msgbodys";
  const std::string path = folder + "/" + m.msg_id + suffix;
  MQ_TRY_VOID(fs.make_dirs(folder));
  MQ_TRY(auto file, fs.open(path, env::Open::kCreate));
  MQ_TRY_VOID(file->truncate(0));
  MQ_TRY_VOID(file->write(0, as_bytes(m.body)));

  s.record(to_record(m).add("bodyPath", path));
  const MessageFields& f = m.view.m;
  auto or_null = [](const std::string& v) { return v.empty() ? std::string("null") : v; };
  auto row = [&](std::string_view name, const std::string& value) { s.write(fmt::format("{} {}\n", pad(name, 20), value)); };
  if (with_offset_id) row("OffsetID:", m.offset_msg_id);
  row("Topic:", std::string(f.topic));
  row("Tags:", "[" + or_null(m.property(prop::kTags)) + "]");
  row("Keys:", "[" + or_null(m.property(prop::kKeys)) + "]");
  row("Queue ID:", std::to_string(f.queueId));
  row("Queue Offset:", std::to_string(f.queueOffset));
  row("CommitLog Offset:", std::to_string(f.physicalOffset));
  row("Reconsume Times:", std::to_string(f.reconsumeTimes));
  row("Born Timestamp:", date_millis(f.bornTimestamp));
  row("Store Timestamp:", date_millis(f.storeTimestamp));
  row("Born Host:", f.bornHost.to_string());
  row("Store Host:", f.storeHost.to_string());
  row("System Flag:", std::to_string(f.sysFlag));
  row("Properties:", properties_text(m));
  row("Message Body Path:", path);
  if (print_body) row("Message Body:", m.body);
  return {};
}

}  // namespace mq::admin
