package nomos.conformance;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageBuilder;
import org.apache.rocketmq.client.apis.message.MessageView;

/** Building, reading and receiving messages. */
final class Messages {
    static final Duration INVISIBLE = Duration.ofSeconds(30);
    private static final int BATCH = 32;

    private Messages() {
    }

    static MessageBuilder of(String topic, String body) {
        return of(topic, body.getBytes(StandardCharsets.UTF_8));
    }

    static MessageBuilder of(String topic, byte[] body) {
        return ClientServiceProvider.loadService().newMessageBuilder().setTopic(topic).setBody(body);
    }

    static byte[] bytes(MessageView message) {
        ByteBuffer body = message.getBody();
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        return bytes;
    }

    static String body(MessageView message) {
        return new String(bytes(message), StandardCharsets.UTF_8);
    }

    static List<String> bodies(List<MessageView> messages) {
        return messages.stream().map(Messages::body).toList();
    }

    static List<MessageView> receiveUntil(SimpleConsumer consumer, int count) throws ClientException {
        return receiveUntil(consumer, count, 30_000);
    }

    /** Receives and acknowledges until so many messages came; throws when the time is over. */
    static List<MessageView> receiveUntil(SimpleConsumer consumer, int count, long timeoutMs) throws ClientException {
        long endsAtMs = System.currentTimeMillis() + timeoutMs;
        List<MessageView> received = new ArrayList<>();
        while (received.size() < count) {
            Check.holds(System.currentTimeMillis() < endsAtMs,
                "only " + received.size() + " of " + count + " messages came within " + timeoutMs + " ms");
            List<MessageView> messages = consumer.receive(BATCH, INVISIBLE);
            for (MessageView message : messages) {
                consumer.ack(message);
            }
            received.addAll(messages);
        }
        return received;
    }

    static MessageView receiveOne(SimpleConsumer consumer) throws ClientException {
        return receiveOne(consumer, INVISIBLE, 20_000);
    }

    /** The next message, not acknowledged. */
    static MessageView receiveOne(SimpleConsumer consumer, Duration invisible, long timeoutMs) throws ClientException {
        long endsAtMs = System.currentTimeMillis() + timeoutMs;
        while (System.currentTimeMillis() < endsAtMs) {
            List<MessageView> messages = consumer.receive(1, invisible);
            if (!messages.isEmpty()) {
                return messages.get(0);
            }
        }
        throw new AssertionError("no message came within " + timeoutMs + " ms");
    }

    /** Throws if a message comes within the time. */
    static void receiveNone(SimpleConsumer consumer, long forMs) throws ClientException {
        long endsAtMs = System.currentTimeMillis() + forMs;
        while (System.currentTimeMillis() < endsAtMs) {
            for (MessageView message : consumer.receive(1, INVISIBLE)) {
                throw new AssertionError("\"" + body(message) + "\" came, which should not");
            }
        }
    }
}
