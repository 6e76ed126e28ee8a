package nomos.conformance;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.rocketmq.client.apis.message.MessageView;

/** What a consumer was given, in the order in which it came. */
final class Inbox {
    /** One delivery of a message, with the time of its arrival. */
    record Delivery(MessageView message, String body, int attempt, long atMs) {
    }

    private final List<Delivery> deliveries = new CopyOnWriteArrayList<>();

    Delivery add(MessageView message) {
        Delivery delivery = new Delivery(message, Messages.body(message), message.getDeliveryAttempt(),
            System.currentTimeMillis());
        deliveries.add(delivery);
        return delivery;
    }

    List<Delivery> deliveries() {
        return deliveries;
    }

    List<String> bodies() {
        return deliveries.stream().map(Delivery::body).toList();
    }

    List<String> bodiesOf(String prefix) {
        return bodies().stream().filter(body -> body.startsWith(prefix)).toList();
    }

    void waitFor(int count) throws InterruptedException {
        waitFor(count, 30_000);
    }

    void waitFor(int count, long timeoutMs) throws InterruptedException {
        long endsAtMs = System.currentTimeMillis() + timeoutMs;
        while (deliveries.size() < count) {
            Check.holds(System.currentTimeMillis() < endsAtMs,
                "only " + deliveries.size() + " of " + count + " messages came within " + timeoutMs + " ms");
            Thread.sleep(10);
        }
    }
}
