package nomos.conformance;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageBuilder;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** RocketMQ's limits, with the code of each. */
final class LimitRows {
    private static final int BODY_BYTES_MAX = 4 * 1024 * 1024;

    static final Map<String, RowProgram> ROWS = Map.ofEntries(
        Map.entry("limit-body", LimitRows::limitBody),
        Map.entry("limit-empty-body", clients -> {
            throw new NotOffered("the message builder takes no empty body");
        }),
        // The builder itself refuses what is blank, and | in a tag.
        Map.entry("limit-tag", clients -> checkRefused(clients, Refusal.ILLEGAL_MESSAGE_TAG, message -> message,
            List.of(message -> message.setTag("a\u0001")))),
        Map.entry("limit-key", clients -> checkRefused(clients, Refusal.ILLEGAL_MESSAGE_KEY, message -> message,
            List.of(message -> message.setKeys("sound", "a\u0001")))),
        Map.entry("limit-property", clients -> checkRefused(clients, Refusal.ILLEGAL_MESSAGE_PROPERTY_KEY,
            message -> message, List.of(message -> message.addProperty("a\u0001", "b"),
                message -> message.addProperty("a", "b\u0001")))),
        Map.entry("limit-properties", clients -> checkRefused(clients, Refusal.MESSAGE_PROPERTIES_TOO_LARGE,
            message -> addProperties(message, 128, 10), List.of(message -> addProperties(message, 129, 1),
                message -> addProperties(message, 17, 1_024)))),
        Map.entry("limit-message-group", clients -> checkRefused(clients, Refusal.ILLEGAL_MESSAGE_GROUP,
            message -> message.setMessageGroup("g".repeat(63)), List.of(
                message -> message.setMessageGroup("g".repeat(64)),
                message -> message.setMessageGroup("ü".repeat(32))))),
        Map.entry("unknown-topic", clients -> Refusal.TOPIC_NOT_FOUND.expect(
            () -> clients.producer(null).send(Messages.of(clients.topic(), "lost").build()))),
        Map.entry("unknown-group", clients -> Refusal.CONSUMER_GROUP_NOT_FOUND.expect(
            () -> clients.simple().receive(1, Duration.ofSeconds(10)))),
        // The client checks the type itself, by what the route says that the topic accepts.
        Map.entry("type-mismatch", clients -> {
            Producer producer = clients.producer();
            Refusal.expectText("message type not match",
                () -> producer.send(Messages.of(clients.topic(), "no group").build()));
        }));

    private LimitRows() {
    }

    /** Checks that each fault is refused, while a message without it goes through. */
    private static void checkRefused(RowClients clients, Refusal refusal, UnaryOperator<MessageBuilder> base,
        List<UnaryOperator<MessageBuilder>> faults) throws Exception {
        Producer producer = clients.producer();
        producer.send(base.apply(Messages.of(clients.topic(), "sound")).build());
        for (UnaryOperator<MessageBuilder> fault : faults) {
            MessageBuilder message = Messages.of(clients.topic(), "refused");
            refusal.expect(() -> producer.send(fault.apply(message).build()));
        }
    }

    private static MessageBuilder addProperties(MessageBuilder message, int count, int valueCharacters) {
        for (int index = 0; index < count; index++) {
            message.addProperty("p" + index, "v".repeat(valueCharacters));
        }
        return message;
    }

    private static void limitBody(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        byte[] body = new byte[BODY_BYTES_MAX];
        for (int index = 0; index < body.length; index++) {
            body[index] = (byte) index;
        }
        producer.send(Messages.of(clients.topic(), body).build());
        MessageView message = Messages.receiveOne(consumer);
        Check.holds(Arrays.equals(Messages.bytes(message), body), "the body differs");
        consumer.ack(message);
        // The client refuses it itself, by the limit that the server's settings tell it.
        Refusal.expectText("max size=4194304 bytes",
            () -> producer.send(Messages.of(clients.topic(), new byte[BODY_BYTES_MAX + 1]).build()));
    }
}
