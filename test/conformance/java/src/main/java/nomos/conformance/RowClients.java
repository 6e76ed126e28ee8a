package nomos.conformance;

import java.io.Closeable;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientConfigurationBuilder;
import org.apache.rocketmq.client.apis.ClientException;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.StaticSessionCredentialsProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.TransactionChecker;

/** The official clients that one row opens, with the names and access of its plan. */
final class RowClients {
    /** RocketMQ polls for 5 s at least. */
    private static final Duration AWAIT = Duration.ofSeconds(5);
    /** Bodies of 4 MiB take a while on a busy machine. */
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);

    /** Whether a delivery was handled. */
    @FunctionalInterface
    interface Handler {
        boolean handle(Inbox.Delivery delivery) throws Exception;
    }

    final Plan plan;
    final String row;
    private final ClientServiceProvider provider = ClientServiceProvider.loadService();
    private final Queue<Closeable> open;
    private final ClientConfiguration configuration;

    RowClients(Plan plan, String row) {
        this.plan = plan;
        this.row = row;
        this.open = new ConcurrentLinkedQueue<>();
        this.configuration = configuration(plan.text("accessKey"), plan.text("secretKey"),
            plan.text("tls").equals("true"));
    }

    private RowClients(RowClients other, ClientConfiguration configuration) {
        this.plan = other.plan;
        this.row = other.row;
        this.open = other.open;
        this.configuration = configuration;
    }

    RowClients withCredentials(String accessKey, String secretKey) {
        return new RowClients(this, configuration(accessKey, secretKey, plan.text("tls").equals("true")));
    }

    RowClients withoutCredentials() {
        return new RowClients(this, base(plan.text("tls").equals("true")).build());
    }

    /** TLS is this client's default, so nothing is said when it is wanted. */
    RowClients withTls(boolean tls) {
        return new RowClients(this, configuration(plan.text("accessKey"), plan.text("secretKey"), tls));
    }

    String topic() {
        return plan.text("row." + row + ".topic.main");
    }

    String group() {
        return group("main");
    }

    String group(String word) {
        return plan.text("row." + row + ".group." + word);
    }

    Producer producer() throws ClientException {
        return producer(null, topic());
    }

    Producer producer(TransactionChecker checker, String... topics) throws ClientException {
        var builder = provider.newProducerBuilder().setClientConfiguration(configuration).setTopics(topics);
        if (checker != null) {
            builder.setTransactionChecker(checker);
        }
        Producer producer = builder.build();
        open.add(producer);
        return producer;
    }

    SimpleConsumer simple() throws ClientException {
        return simple("main", topic(), FilterExpression.SUB_ALL);
    }

    SimpleConsumer simple(FilterExpression filter) throws ClientException {
        return simple("main", topic(), filter);
    }

    SimpleConsumer simple(String group, String topic, FilterExpression filter) throws ClientException {
        SimpleConsumer consumer = provider.newSimpleConsumerBuilder().setClientConfiguration(configuration)
            .setConsumerGroup(group(group)).setSubscriptionExpressions(Map.of(topic, filter))
            .setAwaitDuration(AWAIT).build();
        open.add(consumer);
        return consumer;
    }

    /** A push consumer; its deliveries go to the inbox before they are handled. */
    PushConsumer push(Inbox inbox, Handler handler) throws ClientException {
        PushConsumer consumer = provider.newPushConsumerBuilder().setClientConfiguration(configuration)
            .setConsumerGroup(group()).setSubscriptionExpressions(Map.of(topic(), FilterExpression.SUB_ALL))
            .setEnableFifoConsumeAccelerator(true)
            .setMessageListener(message -> {
                try {
                    return handler.handle(inbox.add(message)) ? ConsumeResult.SUCCESS : ConsumeResult.FAILURE;
                } catch (Exception e) {
                    return ConsumeResult.FAILURE;
                }
            }).build();
        open.add(consumer);
        return consumer;
    }

    PushConsumer push(Inbox inbox) throws ClientException {
        return push(inbox, delivery -> true);
    }

    /** Closes what the row opened, without waiting: a push consumer may take as long as its long poll. */
    void close() {
        for (Closeable client = open.poll(); client != null; client = open.poll()) {
            Closeable closing = client;
            Thread thread = new Thread(() -> {
                try {
                    closing.close();
                } catch (Exception e) {
                    System.err.println("a client did not close: " + e);
                }
            }, "close");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private ClientConfiguration configuration(String accessKey, String secretKey, boolean tls) {
        return base(tls).setCredentialProvider(new StaticSessionCredentialsProvider(accessKey, secretKey)).build();
    }

    private ClientConfigurationBuilder base(boolean tls) {
        ClientConfigurationBuilder builder = ClientConfiguration.newBuilder().setEndpoints(plan.text("endpoint"))
            .setRequestTimeout(REQUEST_TIMEOUT);
        return tls ? builder : builder.enableSsl(false);
    }
}
